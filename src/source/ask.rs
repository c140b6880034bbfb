//! One question about each of many tables, in few statements. One table's error stays its own.

use super::connection::{Connection, get};
use super::sessions::Sessions;
use crate::error::{Error, Kind, Result};
use std::collections::HashMap;

/// Questions per statement. Each locks its table, and the table's indexes, for as long as the statement takes.
const AT_ONCE: usize = 250;

/// A question about one table.
#[derive(Debug, Clone)]
pub struct Question {
    /// A scalar SQL expression.
    pub sql: String,
    /// Which table it is about: one that has failed is not asked again.
    pub table: usize,
    /// Its table failed last time: others do not wait for it.
    pub suspect: bool,
}

/// Asks all of them under the held snapshot; the answers, as text, in their order.
///
/// # Errors
/// What concerns the connection; what concerns a table is its answer.
pub async fn ask(sessions: &mut Sessions, questions: &[Question]) -> Result<Vec<Result<Option<String>>>> {
    let unasked = || Err(Error::new(Kind::Internal, "ask about a table: it was not asked about"));
    let mut answers: Vec<Result<Option<String>>> = questions.iter().map(|_| unasked()).collect();
    let (suspects, others): (Vec<usize>, Vec<usize>) = (0..questions.len()).partition(|at| questions[*at].suspect);
    // Taken from the end: those that may have to wait come last.
    let alone = suspects.chunks(1).map(<[usize]>::to_vec).rev();
    let mut waiting: Vec<Vec<usize>> = alone.chain(others.chunks(AT_ONCE).map(<[usize]>::to_vec).rev()).collect();
    let mut failed: HashMap<usize, Error> = HashMap::new();
    while let Some(some) = waiting.pop() {
        if let [at] = some[..]
            && let Some(error) = failed.get(&questions[at].table)
        {
            answers[at] = Err(error.clone());
            continue;
        }
        let sql: Vec<&str> = some.iter().map(|at| questions[*at].sql.as_str()).collect();
        // Only a table that is asked about alone, and is not known to fail, is worth waiting for as long as the settings say.
        let hurry = if some.len() > 1 || questions[some[0]].suspect { sessions.hurry() } else { None };
        match sessions.read(async |reader| together(reader, &sql, hurry).await).await {
            Ok(texts) => some.iter().zip(texts).for_each(|(at, text)| answers[*at] = Ok(text)),
            Err(error) if error.kind() != Kind::Table => return Err(error),
            Err(error) if some.len() == 1 => {
                failed.insert(questions[some[0]].table, error.clone());
                answers[some[0]] = Err(error);
            }
            // The one at fault is found by halves, after the others.
            Err(_) => {
                let (left, right) = some.split_at(some.len() / 2);
                waiting.insert(0, left.to_vec());
                waiting.insert(0, right.to_vec());
            }
        }
    }
    Ok(answers)
}

/// `hurry`: a statement that goes before it.
async fn together(reader: &mut Connection, questions: &[&str], hurry: Option<String>) -> Result<Vec<Option<String>>> {
    let hurry = hurry.map(|hurry| hurry + "; ").unwrap_or_default();
    let texts: Vec<String> = questions.iter().map(|question| format!("({question})::text")).collect();
    let rows = reader
        .rows(&format!(
            "{hurry}SELECT answer FROM unnest(ARRAY[{}]) WITH ORDINALITY AS a(answer, n) ORDER BY n",
            texts.join(", ")
        ))
        .await?;
    if rows.len() != questions.len() {
        return Err(Error::new(Kind::Internal, "ask about tables: some answers are missing"));
    }
    rows.iter().map(|row| get(row, 0)).collect()
}
