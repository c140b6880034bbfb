//! What a cycle asks all tables at once, so that those that did not change need no read of their own: whether any row was
//! written, and what their keys sum up to.

use super::extract::Inputs;
use super::plan::{Action, Poll, Rows, SMALL_PAGES, TablePlan};
use super::read::Reading;
use super::seen::SeenXids;
use super::table::TableToSync;
use crate::error::Result;
use crate::model::{Digest, Fence, KeyRange, TableName};
use crate::source::ask::{Question, ask};
use crate::source::{Relation, Sessions, keys, query};
use std::collections::HashMap;

/// What one table answered.
#[derive(Default)]
pub struct Answers {
    /// Whether any row was written; `None` where that was not asked.
    pub rows: Option<Result<Option<String>>>,
    pub digests: Vec<Result<Option<String>>>,
}

impl Reading<'_> {
    /// Asks all tables that are polled whether there is anything to read, and for their side of the comparison of keys.
    pub(super) async fn ask_all(
        &self,
        sessions: &mut Sessions,
        planned: &[(&TableToSync, &TablePlan)],
    ) -> Result<HashMap<TableName, Answers>> {
        let mut questions = Vec::new();
        let mut asked = Vec::new();
        for (number, (table, plan)) in planned.iter().enumerate() {
            let (Action::Poll(poll), Ok(relation)) = (&plan.action, &table.relation) else { continue };
            let suspect = self.is_suspect(&plan.table);
            let rows = self.any_rows(relation, poll);
            let digests = self.digests_of(table, poll).iter().filter(|(_, in_lake)| in_lake.is_some());
            let keys: Vec<String> = digests.map(|(range, _)| keys::digest(relation, range)).collect();
            asked.push((&plan.table, rows.is_some(), keys.len()));
            questions.extend(rows.into_iter().chain(keys).map(|sql| Question { sql, table: number, suspect }));
        }
        let mut answers = ask(sessions, &questions).await?.into_iter();
        Ok(asked
            .into_iter()
            .map(|(name, rows, keys)| {
                let rows = if rows { answers.next() } else { None };
                (name.clone(), Answers { rows, digests: answers.by_ref().take(keys).collect() })
            })
            .collect())
    }

    /// Whether the table failed when it was last tried, by this process or the one before. One that only waits for the lake has
    /// an error in the ledger too.
    pub(super) fn is_suspect(&self, table: &TableName) -> bool {
        let Inputs { memory, ledger, .. } = self.inputs;
        let failed_before = ledger.table(table).is_some_and(|known| known.error.is_some());
        memory.failures.is_failing(table) || (failed_before && !ledger.waiting.contains_key(table))
    }

    /// The question whether any row was written, where answering it costs less than reading them.
    fn any_rows(&self, relation: &Relation, poll: &Poll) -> Option<String> {
        let rows = poll.rows?;
        let cheap = relation.pages <= SMALL_PAGES || (rows == Rows::Cursor && relation.cursor_indexed);
        let since = self.since(poll, rows);
        let reads_range = since.low.is_some() || relation.pages <= SMALL_PAGES;
        (cheap && reads_range).then(|| query::any(relation, &self.written(relation, poll, rows)))
    }

    /// The condition on rows that were written since.
    pub(super) fn written(&self, relation: &Relation, poll: &Poll, rows: Rows) -> String {
        let lookback = self.inputs.config.lookback;
        query::written(relation, &self.since(poll, rows), &self.snapshot, lookback, &self.skip(relation, rows))
    }

    /// From where on rows are read.
    pub(super) fn since(&self, poll: &Poll, rows: Rows) -> Fence {
        match &poll.position.full_scan {
            Some(last) if rows == Rows::FullScan => Fence { xmin: last.xmin, low: None },
            // A standby cannot tell when the transactions began that it replays.
            _ if self.activity.unseen.is_some() => Fence { low: None, ..poll.position.fence.clone() },
            _ => poll.position.fence.clone(),
        }
    }

    /// Transactions that were read before. A full scan looks at everything again.
    pub(super) fn skip(&self, relation: &Relation, rows: Rows) -> Vec<u32> {
        let seen = self.inputs.memory.seen.get(&relation.name).filter(|_| rows == Rows::Cursor);
        seen.map_or_else(Vec::new, SeenXids::to_vec)
    }

    pub(super) fn digests_of(&self, table: &TableToSync, poll: &Poll) -> &[(KeyRange, Option<Digest>)] {
        let digests = self.inputs.digests.get(table.name()).filter(|_| poll.compare);
        digests.map_or(&[], Vec::as_slice)
    }
}
