//! When keys are compared to find deleted rows, and how much of a table at a time.

use super::Engine;
use super::discover::Target;
use crate::config::Deletes;
use crate::error::{Kind, Result};
use crate::extract::diff::{Digest, Range};
use crate::names::TableName;
use crate::state::DiffProgress;
use chrono::Utc;
use std::collections::HashMap;

/// The lake's side of this cycle's comparisons, by table.
pub type Digests = HashMap<TableName, Vec<(Range, Option<Digest>)>>;

impl Engine {
    /// Reads the lake's keys for the tables whose comparison is due or under way. A lake that is held is no reason to wait.
    ///
    /// Cycles that wait for the lake do not matter: what is compared is what the lake holds, against the source's present.
    pub(super) fn digests(&mut self, targets: &[&Target]) -> Result<Digests> {
        let mut due = Vec::new();
        for target in targets.iter().filter(|target| target.finds_deletes_by_diff()) {
            let table = self.state.table(target.name())?;
            let known = table.cursor.is_some() && self.state.last_pending(target.name())?.is_none();
            if let (true, Some(layout)) = (known && self.is_due(table.diff.as_ref()), table.layout) {
                let position = table.diff.and_then(|diff| diff.position);
                due.push((target.name().clone(), target.lake.clone(), layout, position));
            }
        }
        let mut digests = Digests::new();
        if due.is_empty() {
            return Ok(digests);
        }
        let lake = match self.duckdb.open_to_look(&self.config) {
            Ok(lake) => lake,
            Err(error) if error.kind() == Kind::LakeBusy => return Ok(digests),
            Err(error) => return Err(error),
        };
        let budget = self.config.diff_rows_per_second.saturating_mul(self.config.interval.as_secs().max(1));
        for (name, table, layout, position) in due {
            let ranges = tokio::task::block_in_place(|| lake.digests(&table, &layout, position.as_deref(), budget))?;
            digests.insert(name, ranges);
        }
        Ok(digests)
    }

    fn is_due(&self, diff: Option<&DiffProgress>) -> bool {
        let elapsed = |at| Utc::now().signed_duration_since(at).to_std().unwrap_or_default();
        diff.is_none_or(|diff| diff.position.is_some() || elapsed(diff.begun) >= self.config.diff_interval)
    }

    /// Where the comparison stands once these ranges have been compared.
    pub(super) fn progress(&mut self, name: &TableName, ranges: &[(Range, Option<Digest>)]) -> Result<DiffProgress> {
        let before = self.state.table(name)?.diff.filter(|diff| diff.position.is_some());
        let position = ranges.last().and_then(|(range, _)| range.to.clone());
        Ok(DiffProgress { begun: before.map_or_else(Utc::now, |diff| diff.begun), position })
    }
}

impl Target {
    /// Whether its deleted rows are found by comparing keys.
    pub fn finds_deletes_by_diff(&self) -> bool {
        self.deletes_by() == "diff"
    }

    /// How `status` names the way in which deleted rows are found.
    pub fn deletes_by(&self) -> &'static str {
        match (self.deletes, &self.audit) {
            _ if self.is_read_in_full() => "full copy",
            (Deletes::Off, _) => "off",
            (Deletes::Diff, _) | (Deletes::Auto, None) => "diff",
            (Deletes::Audit, _) | (Deletes::Auto, Some(_)) => "audit",
        }
    }
}
