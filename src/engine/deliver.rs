//! Steps 4 and 5: what waits is applied to the lake, cycle by cycle in order, and the cursors follow.

use super::discover::Target;
use super::reconcile::reconcile;
use super::{Engine, Report, cleanup};
use crate::error::{Error, Kind, Result};
use crate::lake::apply::Applied;
use crate::lake::file::identity;
use crate::lake::{self, Freshness, Lake};
use crate::names::TableName;
use chrono::{TimeDelta, Utc};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// The same trouble with the lake is not told again within this time.
const WARN_EVERY: Duration = Duration::from_secs(60);
const REFRESH_EVERY: TimeDelta = TimeDelta::seconds(60);

impl Engine {
    /// Before anything is read: a lake file that was replaced or removed is noticed even if nothing changes any more.
    pub(super) fn compare_lake_and_state(&mut self) -> Result<()> {
        let found = identity(&self.config.lake);
        if self.lake_seen.is_none() {
            // As an earlier process left it.
            self.lake_seen = self.state.settled()?.map(|settled| settled.lake);
        }
        if self.lake_seen == Some(found) {
            return Ok(());
        }
        let lake = match found {
            None => None,
            Some(_) => match self.duckdb.open_to_look(&self.config) {
                Ok(lake) => Some(lake),
                // Looked at again when it is opened for writing.
                Err(error) if error.kind() == Kind::LakeBusy => return Ok(()),
                Err(error) => return Err(error),
            },
        };
        reconcile(&self.config, &mut self.state, lake.as_ref())?;
        self.lake_seen = Some(found);
        Ok(())
    }

    /// Applies everything that waits.
    ///
    /// # Errors
    /// `LakeBusy` when another process holds the file: nothing is lost, the batches wait.
    pub(super) fn deliver(&mut self, patience: Duration, report: &mut Report) -> Result<()> {
        if self.state.waiting_tables()?.is_empty() {
            self.nothing_to_apply()?;
            return self.refresh_if_due(report).map(drop);
        }
        let patience = if self.shutdown.is_requested() { Duration::ZERO } else { patience };
        let lake = tokio::task::block_in_place(|| self.duckdb.open(&self.config, patience))?;
        report.again |= reconcile(&self.config, &mut self.state, Some(&lake))?;
        let state = &mut self.state;
        lake.prepare_metadata()?;
        lake.drop_abandoned_staging(|table| {
            let copying = state.table(table)?.bootstrap.is_some();
            Ok(copying || state.last_pending(table)?.is_some_and(|pending| pending.bootstrap))
        })?;
        let mut broken = HashSet::new();
        let mut written = 0;
        let mut last = String::new();
        loop {
            let mut cycle = self.state.next_cycle(&last)?;
            let Some(first) = cycle.first() else { break };
            last.clone_from(&first.cycle);
            // A table's cycles apply in order or not at all.
            cycle.retain(|pending| !broken.contains(&pending.table));
            let applied = tokio::task::block_in_place(|| lake::apply(&lake, &self.config.parquet_dir, cycle))?;
            for table in applied {
                if table.outcome.is_err() {
                    broken.insert(table.pending.table.clone());
                } else if !table.pending.bootstrap {
                    written += table.pending.rows();
                }
                self.record(table, report)?;
            }
        }
        self.refresh(&lake, report)?;
        self.merge_if_due(&lake, written)?;
        if self.warned.take().is_some() {
            tracing::info!("the lake can be written again");
        }
        drop(lake);
        self.lake_seen = Some(identity(&self.config.lake));
        Ok(())
    }

    /// Without changes the lake is opened once in a while only, for its freshness, and never waited for. Answers whether it was.
    pub(super) fn refresh_if_due(&mut self, report: &mut Report) -> Result<bool> {
        let due =
            self.state.source()?.refreshed_at.is_none_or(|at| Utc::now().signed_duration_since(at) >= REFRESH_EVERY);
        if !due || identity(&self.config.lake).is_none() {
            return Ok(false);
        }
        match self.duckdb.open(&self.config, Duration::ZERO) {
            Ok(lake) => {
                report.again |= reconcile(&self.config, &mut self.state, Some(&lake))?;
                self.refresh(&lake, report)?;
            }
            Err(error) if error.kind() == Kind::LakeBusy => return Ok(false),
            Err(error) => return Err(error),
        }
        self.lake_seen = Some(identity(&self.config.lake));
        Ok(true)
    }

    fn refresh(&mut self, lake: &Lake, report: &Report) -> Result<()> {
        let mut tables = Vec::new();
        for source in self.state.tables()? {
            let table = self.state.table(&source)?;
            if let (Some(_), Some(as_of), Some(snapshot)) = (table.cursor, table.as_of, table.snapshot) {
                let error = report.failed.get(&source).map(ToString::to_string);
                tables.push(Freshness { source, as_of, snapshot, error });
            }
        }
        lake.prepare_metadata()?;
        tokio::task::block_in_place(|| lake.refresh(&tables))?;
        let mut source = self.state.source()?;
        source.refreshed_at = Some(Utc::now());
        self.state.save_source(&source)
    }

    /// Pending cycles without rows need no lake.
    fn nothing_to_apply(&mut self) -> Result<()> {
        for pending in self.state.pending()? {
            self.state.record_applied(&pending, None)?;
        }
        Ok(())
    }

    fn record(&mut self, applied: Applied, report: &mut Report) -> Result<()> {
        let Applied { pending, outcome } = applied;
        match outcome {
            Ok(counts) => {
                self.state.record_applied(&pending, Some(counts))?;
                let changed = pending.rows();
                if pending.full {
                    cleanup::supersede(&self.config, &mut self.state, &pending)?;
                }
                let rejected: u64 = pending.batches.iter().map(|batch| batch.rejects).sum();
                if rejected > 0 {
                    tracing::warn!(table = %pending.table, values = rejected, "not representable: NULL in the lake, listed in _pg2duck.rejects");
                }
                if pending.has_work() {
                    tracing::info!(table = %pending.table, rows = changed, lake_rows = counts.rows, "applied");
                }
                *report.applied.entry(pending.table).or_default() += changed;
            }
            Err(error) => {
                if error.kind() != Kind::Table {
                    // The lake's trouble, not the rows': the batches wait.
                    return self.fail(&pending.table, error, report);
                }
                // What cannot be applied as it is is read again later, from the cursor that did not move.
                let mut garbage = self.state.drop_pending(&pending.table)?;
                if pending.bootstrap {
                    let mut table = self.state.table(&pending.table)?;
                    garbage.extend(table.bootstrap.take().map(|progress| progress.batches).unwrap_or_default());
                    self.state.save_table(&pending.table, &table)?;
                }
                if pending.diff.is_some() {
                    let mut table = self.state.table(&pending.table)?;
                    table.diff = None;
                    self.state.save_table(&pending.table, &table)?;
                }
                self.seen.remove(&pending.table);
                cleanup::discard(&self.config, &garbage);
                self.fail(&pending.table, error, report)?;
            }
        }
        Ok(())
    }

    /// The lake could not be opened: every table that waits for it has failed for now.
    pub(super) fn note_undelivered(&mut self, targets: &[Target], report: &mut Report, error: &Error) -> Result<()> {
        let waiting = self.state.waiting_tables()?;
        for target in targets {
            if waiting.contains(target.name()) && !report.failed.contains_key(target.name()) {
                self.state.record_outcome(target.name(), Some(&error.to_string()))?;
                report.failed.insert(target.name().clone(), error.clone());
            }
        }
        if self.warned.as_ref().is_none_or(|(text, at)| *text != error.to_string() || at.elapsed() >= WARN_EVERY) {
            tracing::warn!("{error}");
            self.warned = Some((error.to_string(), Instant::now()));
        }
        Ok(())
    }

    /// Notes one table's failure, for the report, the log and `status`.
    pub(super) fn fail(&mut self, table: &TableName, error: Error, report: &mut Report) -> Result<()> {
        self.failures.note(table, &error);
        self.state.record_outcome(table, Some(&error.to_string()))?;
        report.failed.insert(table.clone(), error);
        Ok(())
    }

    /// Notes failures that discovery found.
    pub(super) fn note_failures(&mut self, report: &Report) -> Result<()> {
        for (table, error) in &report.failed {
            if self.failures.still_waiting(table).is_none() {
                self.failures.note(table, error);
                self.state.record_outcome(table, Some(&error.to_string()))?;
            }
        }
        Ok(())
    }

    /// Notes the tables that this cycle brought up to date.
    pub(super) fn note_outcomes(&mut self, targets: &[Target], report: &Report) -> Result<()> {
        for target in targets {
            let name = target.name();
            let settled = self.state.table(name)?.cursor.is_some();
            if settled && !report.failed.contains_key(name) {
                self.failures.clear(name);
                self.state.record_outcome(name, None)?;
            }
        }
        Ok(())
    }
}
