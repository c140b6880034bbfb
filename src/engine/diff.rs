//! When keys are compared to find deleted rows, and how much of a table at a time.

use super::Engine;
use super::base::Base;
use super::discover::Target;
use super::idle::later;
use super::view::{Compared, View};
use crate::config::Deletes;
use crate::error::{Kind, Result};
use crate::extract::Relation;
use crate::extract::columns::SourceColumn;
use crate::extract::diff::{self, Digest, Range};
use crate::frame::parquet::{Batch, BatchKind};
use crate::names::TableName;
use crate::state::{DiffProgress, Layout};
use chrono::{DateTime, Utc};
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
            let is_due = self.next_comparison(table.diff.as_ref()).is_none_or(|at| at <= Utc::now());
            if let (true, Some(layout)) = (known && is_due, table.layout) {
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

    /// When keys are to be compared; `None` for now.
    pub(super) fn next_comparison(&self, diff: Option<&DiffProgress>) -> Option<DateTime<Utc>> {
        let done = diff.filter(|diff| diff.position.is_none())?;
        later(done.begun, self.config.diff_interval)
    }

    /// The ranges of keys that differ from the lake's, and the source's keys in them.
    pub(super) async fn compare_keys(
        &mut self,
        view: &View<'_>,
        relation: &Relation,
        layout: &Layout,
        base: &Base,
    ) -> Result<(Compared, Vec<Batch>)> {
        let Some(digests) = view.digests.get(&relation.name).filter(|_| *layout == base.layout) else {
            return Ok(Default::default());
        };
        let mut differing = Vec::new();
        for (range, in_lake) in digests {
            self.check_shutdown()?;
            let same = match in_lake {
                Some(in_lake) => diff::digest(self.source()?, relation, layout, range).await? == *in_lake,
                None => false,
            };
            if !same {
                differing.push(range.clone());
            }
        }
        let progress = Some(self.progress(&relation.name, digests)?);
        if differing.is_empty() {
            return Ok((Compared { progress, differing: None }, Vec::new()));
        }
        let key = relation.key_columns().map(SourceColumn::frame_column).collect();
        let copy = diff::copy(relation, layout, &differing);
        let present = self.transfer(&copy, relation, BatchKind::Present, key, view, drop).await?;
        Ok((Compared { progress, differing: Some(differing) }, present))
    }

    /// Where the comparison stands once these ranges have been compared.
    fn progress(&mut self, name: &TableName, ranges: &[(Range, Option<Digest>)]) -> Result<DiffProgress> {
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
