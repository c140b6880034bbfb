//! `@cmp`: a table of the source and one of the lake hold the same rows, compared cell by cell in the columns of the source.
//! The lake's table may have more columns and be a view: what else must hold of it, its case says.

use crate::case::Case;
use crate::cells::Cell;
use crate::script::Comparison;
use crate::support::lake;
use duckdb::Connection;
use regex::Regex;
use std::collections::BTreeMap;

/// Rows by their keys; each row by the names of its columns.
type Rows = BTreeMap<Vec<Cell>, BTreeMap<String, Cell>>;

/// Compares; what differs is noted in the case.
pub fn check(case: &mut Case, comparison: &Comparison) {
    if let Err(why) = differences(case, comparison) {
        case.fail(format!("{}: {why}", comparison.table));
    }
}

/// The lake, for as long as a query takes. It is attached under the name of its file, as every reader finds it.
pub fn open(case: &Case) -> Result<Connection, String> {
    let lake = lake::try_open(case.lake_path())?;
    lake.execute_batch("SET TimeZone = 'UTC'").map_err(|error| error.to_string())?;
    Ok(lake)
}

/// All rows of a query whose columns are text, or the first line of what DuckDB says.
pub fn rows(lake: &Connection, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
    let read = || {
        let mut statement = lake.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let count = row.as_ref().column_count();
            found.push((0..count).map(|at| row.get(at)).collect::<Result<_, _>>()?);
        }
        Ok(found)
    };
    // What follows the first line points into the statement, which the case has itself.
    read().map_err(|error: duckdb::Error| error.to_string().lines().next().unwrap_or_default().to_owned())
}

fn differences(case: &Case, comparison: &Comparison) -> Result<(), String> {
    let (names, source) = source_rows(case, comparison)?;
    let unread = |error| format!("cannot read {}: {error}", comparison.lake);
    let lake = open(case).map_err(unread)?;
    let types = rows(&lake, &format!("DESCRIBE SELECT * FROM {}", comparison.lake)).map_err(unread)?;
    let types: BTreeMap<String, String> =
        types.into_iter().filter_map(|row| Some((row.first()?.clone()?, row.get(1)?.clone()?))).collect();
    let mut found = Vec::new();
    let (columns, missing): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| types.contains_key(name));
    if !missing.is_empty() {
        found.push(format!("the lake lacks the columns {}", missing.join(", ")));
    }
    let (lake, twice) = lake_rows(&lake, comparison, &columns, &types).map_err(unread)?;
    if twice > 0 {
        found.push(format!("{twice} keys stand twice in {}", comparison.lake));
    }
    let cells = cell_differences(&source, &lake, &columns);
    if !cells.is_empty() {
        found.push(format!("{} differences: {}", cells.len(), cells[..cells.len().min(3)].join("; ")));
    }
    if found.is_empty() { Ok(()) } else { Err(found.join("; ")) }
}

fn cell_differences(source: &Rows, lake: &Rows, columns: &[String]) -> Vec<String> {
    let key = |key: &[Cell]| key.iter().map(Cell::to_string).collect::<Vec<_>>().join(", ");
    let missing = source.keys().filter(|own| !lake.contains_key(*own)).map(|own| format!("missing ({})", key(own)));
    let extra = lake.keys().filter(|own| !source.contains_key(*own)).map(|own| format!("extra ({})", key(own)));
    let both = source.iter().filter_map(|(own, row)| lake.get(own).map(|found| (own, row, found)));
    let cells = both.flat_map(|(own, row, found)| {
        let unlike = columns.iter().filter(|name| !row[*name].is_same(&found[*name]));
        unlike.map(move |name| format!("({}) {name}: source {}, lake {}", key(own), row[name], found[name]))
    });
    missing.chain(extra).chain(cells).collect()
}

/// The columns of the source and its rows.
fn source_rows(case: &Case, comparison: &Comparison) -> Result<(Vec<String>, Rows), String> {
    let mut session = case.superuser();
    session.try_execute("SET TimeZone = 'UTC'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1")?;
    let columns = session.try_rows(&format!(
        "SELECT attname, typcategory FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
         WHERE attrelid = '{}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        comparison.table.replace('\'', "''")
    ))?;
    let columns: Vec<(String, String)> = columns
        .into_iter()
        .map(|row| {
            let mut cells = row.into_iter().map(Option::unwrap_or_default);
            (cells.next().unwrap_or_default(), cells.next().unwrap_or_default())
        })
        .collect();
    let cell = |category: &str, text: Option<String>| match (category, text) {
        ("A", Some(text)) => Cell::postgres_array(&text),
        ("B", Some(text)) => Cell::Text(if text == "t" { "true" } else { "false" }.into()),
        (_, text) => Cell::text(text),
    };
    let rows = session.try_rows(&format!("SELECT * FROM {} {}", comparison.table, comparison.condition))?;
    let rows = rows.into_iter().map(|row| {
        columns.iter().zip(row).map(|((name, category), text)| (name.clone(), cell(category, text))).collect()
    });
    let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    Ok((names, by_key(rows, &comparison.key)?.0))
}

fn lake_rows(
    lake: &Connection,
    comparison: &Comparison,
    columns: &[String],
    types: &BTreeMap<String, String>,
) -> Result<(Rows, usize), String> {
    let texts: Vec<String> = columns.iter().map(|name| as_text(name, &types[name])).collect();
    let sql = format!("SELECT {} FROM {} {}", texts.join(", "), comparison.lake, comparison.condition);
    let rows = rows(lake, &sql)?;
    let cell = |name: &String, text: Option<String>| match text {
        Some(text) if types[name].ends_with("[]") => {
            serde_json::from_str(&text).map_or(Cell::Text(text), |value| Cell::json(&value))
        }
        text => Cell::text(text),
    };
    let rows = rows
        .into_iter()
        .map(|row| columns.iter().zip(row).map(|(name, text)| (name.clone(), cell(name, text))).collect());
    by_key(rows, &comparison.key)
}

/// A column as text; lists of plain values as JSON lists of texts.
fn as_text(name: &str, declared: &str) -> String {
    let name = format!("\"{}\"", name.replace('"', "\"\""));
    let lists = Regex::new(r"^[^(\[]*(?:\([\d,]*\))?((?:\[\])+)$").unwrap();
    match lists.captures(declared) {
        _ if declared == "BLOB" => format!("'\\x' || lower(hex({name}))"),
        Some(found) => {
            format!("CASE WHEN {name} IS NOT NULL THEN to_json(CAST({name} AS VARCHAR{}))::VARCHAR END", &found[1])
        }
        None => format!("CAST({name} AS VARCHAR)"),
    }
}

/// The rows by their keys, and how many keys stand there twice.
fn by_key(rows: impl Iterator<Item = BTreeMap<String, Cell>>, key: &[String]) -> Result<(Rows, usize), String> {
    let (mut keyed, mut count) = (Rows::new(), 0);
    for row in rows {
        let part = |name: &String| row.get(name).cloned().ok_or_else(|| format!("no column {name:?} for the key"));
        keyed.insert(key.iter().map(part).collect::<Result<_, _>>()?, row);
        count += 1;
    }
    let twice = count - keyed.len();
    Ok((keyed, twice))
}
