//! Steps 4 and 5: what waits is applied to the lake, cycle by cycle in order, and the positions follow.

use super::damaged::take_damaged;
use super::lake::LakeHandle;
use super::outcome::Failed;
use super::reconcile::reconcile;
use super::refresh::Refreshed;
use super::{Memory, Shutdown, cleanup, rewrite};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::lake::apply::Applied;
use crate::lake::{self, Lake};
use crate::model::{ChangeSet, TableName};
use crate::state::Ledger;
use crate::state::ledger::Durability;
use std::collections::HashSet;
use std::time::Duration;
use tokio::task::block_in_place;

/// What the lake took in.
#[derive(Debug, Default)]
pub struct Delivered {
    /// Rows, by table.
    pub applied: Vec<(TableName, u64)>,
    pub failed: Failed,
    /// Some table takes another pass: the lake is not the one that the ledger speaks of, what waited for it was lost, or it lacks rows.
    pub again: bool,
}

/// What delivering works with.
pub struct Delivery<'a> {
    pub config: &'a Config,
    pub ledger: &'a mut Ledger,
    pub memory: &'a mut Memory,
    pub lake: &'a LakeHandle,
    pub shutdown: &'a Shutdown,
}

impl Delivery<'_> {
    /// Applies everything that waits; `failed` are the cycle's failures so far, for readers of the lake to see.
    ///
    /// # Errors
    /// `LakeBusy` when another process holds the file: nothing is lost, the batches wait.
    pub fn run(&mut self, patience: Duration, failed: &Failed) -> Result<Delivered> {
        if self.ledger.waiting_for_lake().next().is_none() {
            self.nothing_to_apply()?;
            let again = self.refresh_if_due(failed, None)? == Refreshed::ToBootstrap;
            return Ok(Delivered { again, ..Delivered::default() });
        }
        let (lake, delivered) = self.apply_waiting(patience)?;
        self.refresh(&lake, failed.iter().chain(&delivered.failed), None)?;
        Ok(self.close(lake, delivered))
    }

    /// Applies what waits before anything is read, if the lake is free.
    ///
    /// # Errors
    /// As for [`Delivery::run`].
    pub fn land(&mut self) -> Result<Delivered> {
        if self.ledger.waiting_for_lake().next().is_none() {
            return Ok(Delivered::default());
        }
        let (lake, delivered) = self.apply_waiting(Duration::ZERO)?;
        Ok(self.close(lake, delivered))
    }

    fn apply_waiting(&mut self, patience: Duration) -> Result<(Lake, Delivered)> {
        let lake = self.open(patience)?;
        let mut delivered = Delivered {
            again: reconcile(self.config, self.ledger, &mut self.memory.seen, Some(&lake))?,
            ..Delivered::default()
        };
        lake.prepare_metadata()?;
        self.drop_abandoned_staging(&lake)?;
        Ok((self.apply_all(lake, &mut delivered)?, delivered))
    }

    fn close(&mut self, lake: Lake, delivered: Delivered) -> Delivered {
        let written = delivered.applied.iter().map(|(_, rows)| rows).sum();
        rewrite::merge_if_due(self.ledger, &lake, written);
        self.lake.reassure();
        drop(lake);
        self.lake.see(self.config);
        delivered
    }

    fn open(&self, patience: Duration) -> Result<Lake> {
        block_in_place(|| self.lake.open(self.config, patience, self.shutdown))
    }

    /// Applies cycle after cycle; gives back the lake, which may have been opened anew.
    fn apply_all(&mut self, mut lake: Lake, delivered: &mut Delivered) -> Result<Lake> {
        // A table's cycles apply in order or not at all; one that failed is tried again when it is due.
        let mut broken: HashSet<TableName> = self.memory.failures.retrying().into_keys().collect();
        let mut last = String::new();
        loop {
            let mut cycle = self.ledger.next_cycle(&last)?;
            let Some(first) = cycle.first() else { return Ok(lake) };
            last.clone_from(&first.cycle);
            cycle.retain(|set| !broken.contains(&set.table));
            for (set, why) in block_in_place(|| take_damaged(&self.config.parquet_dir, &mut cycle)) {
                broken.insert(set.table.clone());
                self.read_again(set.table, why, delivered)?;
            }
            let applied;
            (lake, applied) = self.apply(lake, cycle)?;
            for applied in applied {
                if applied.outcome.is_err() {
                    broken.insert(applied.set.table.clone());
                }
                self.record(applied, delivered)?;
            }
            self.ledger.commit(Durability::Process)?;
        }
    }

    /// Applies one cycle. Where that fails as a whole, each table goes alone, so that only the one at fault fails.
    fn apply(&self, mut lake: Lake, cycle: Vec<ChangeSet>) -> Result<(Lake, Vec<Applied>)> {
        let archive = &self.config.parquet_dir;
        match block_in_place(|| lake::apply(&lake, archive, cycle.clone())) {
            Ok(applied) => return Ok((lake, applied)),
            // If it was no accident, the table at fault will say so.
            Err(error) => tracing::debug!("apply a cycle as a whole: {error}"),
        }
        lake = self.reopen(lake)?;
        let mut all = Vec::new();
        for set in cycle {
            match block_in_place(|| lake::apply(&lake, archive, vec![set.clone()])) {
                Ok(applied) => all.extend(applied),
                Err(error) => {
                    all.push(Applied { set, outcome: Err(error) });
                    lake = self.reopen(lake)?;
                }
            }
        }
        Ok((lake, all))
    }

    /// Opens the lake with a new DuckDB. Whatever has ended the last one may have been a lack of memory.
    fn reopen(&self, broken: Lake) -> Result<Lake> {
        // The file must be closed before it is opened anew.
        drop(broken);
        self.lake.restart();
        let lake = self.open(Duration::ZERO)?;
        lake.use_full_memory();
        Ok(lake)
    }

    fn record(&mut self, applied: Applied, delivered: &mut Delivered) -> Result<()> {
        let Applied { set, outcome } = applied;
        let counts = match outcome {
            Ok(counts) => counts,
            Err(error) => {
                // Else it is the lake's trouble, not the rows': the batches wait.
                if error.kind() == Kind::Table {
                    self.give_up(&set.table)?;
                }
                delivered.failed.push((set.table, error));
                return Ok(());
            }
        };
        self.ledger.applied(&set, Some(counts));
        self.memory.read_again.remove(&set.table);
        if set.is_whole() && !set.is_bootstrap() {
            cleanup::supersede(self.config, self.ledger, &set)?;
        }
        if set.rejects() > 0 {
            tracing::warn!(table = %set.table, values = set.rejects(), "not representable: NULL in the lake, listed in _pg2duck.rejects");
        }
        let rows = set.rows() + counts.gone;
        if counts.lacking > 0 {
            let repairs = set.comparison().is_some_and(|comparison| !comparison.repairs);
            let then = if repairs {
                "they are read now"
            } else {
                "reading them again did not help; see _pg2duck.rejects, or run: pg2duck resync"
            };
            tracing::warn!(table = %set.table, rows = counts.lacking, "the lake lacks rows of the source: {then}");
            delivered.again |= repairs;
        }
        match set.has_work() {
            // The keys of some range were read, and found to be the same once the rows were in.
            true if rows == 0 && !set.may_change_shape() => tracing::debug!(table = %set.table, "compared keys"),
            true => tracing::info!(table = %set.table, rows, lake_rows = counts.rows, "applied"),
            false => {}
        }
        delivered.applied.push((set.table.clone(), rows));
        Ok(())
    }

    /// Has a table whose files were lost on their way read again: at once, unless they were lost again.
    fn read_again(&mut self, table: TableName, why: String, delivered: &mut Delivered) -> Result<()> {
        self.give_up(&table)?;
        let why = format!("apply what waits of {table}: {why}");
        match self.memory.read_again.insert(table.clone()) {
            true => {
                tracing::warn!(table = %table, "{why}; it is read again from the source");
                delivered.again = true;
            }
            false => delivered.failed.push((table, Error::table(why))),
        }
        Ok(())
    }

    /// What cannot be applied as it is is read again later, from the position that did not move.
    fn give_up(&mut self, table: &TableName) -> Result<()> {
        let mut garbage = self.ledger.drop_waiting(table)?;
        garbage.extend(self.ledger.drop_bootstrap(table));
        // Whether any of it came of comparing keys, only the file tells.
        self.ledger.table_mut(table).comparison = None;
        self.memory.seen.remove(table);
        self.ledger.commit(Durability::Process)?;
        cleanup::discard(self.config, &garbage);
        Ok(())
    }

    fn drop_abandoned_staging(&self, lake: &Lake) -> Result<()> {
        let source = &self.ledger.source;
        lake.drop_abandoned_staging(source.origin().as_ref(), &source.succeeds, |table| {
            let copying = self.ledger.table(table).is_some_and(|known| known.bootstrap.is_some());
            copying || self.ledger.waiting.get(table).is_some_and(|waiting| waiting.newest.is_whole())
        })
    }

    /// Change sets without rows need no lake.
    fn nothing_to_apply(&mut self) -> Result<()> {
        let mut last = String::new();
        while !self.ledger.waiting.is_empty() {
            let cycle = self.ledger.next_cycle(&last)?;
            let Some(first) = cycle.first() else { return Ok(()) };
            last.clone_from(&first.cycle);
            cycle.iter().for_each(|set| self.ledger.applied(set, None));
            self.ledger.commit(Durability::Process)?;
        }
        Ok(())
    }
}
