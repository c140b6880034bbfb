//! The cycle that has nothing to do. Equal snapshots see equal rows: while no transaction has ended since the last cycle, one
//! statement that touches no table stands for all the others.
//!
//! Never settled is what changes without a transaction (views, foreign tables), what failed or waits, what the clock makes due
//! (sweeps, comparisons of keys), and a standby, whose snapshots do not list what runs.

use super::discover::Target;
use super::{Engine, Report, cleanup};
use crate::error::Result;
use crate::extract::snapshot::Moment;
use crate::lake::file::identity;
use crate::state::{Settled, TableState};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// Once in so long everything is looked at, whatever is settled.
const LONGEST_REST: Duration = Duration::from_secs(24 * 3600);

impl Engine {
    /// What an earlier cycle settled, if its settings are these and nothing is due by the clock.
    pub(super) fn settled(&mut self) -> Result<Option<Settled>> {
        let settled = self.state.settled()?.filter(|_| self.only.is_none());
        Ok(settled.filter(|settled| settled.settings == self.settings && Utc::now() < settled.until))
    }

    /// The same, if nothing has happened in the source since.
    pub(super) fn still_settled(&mut self, moment: &Moment) -> Result<Option<Settled>> {
        Ok(self.settled()?.filter(|settled| !moment.in_recovery && settled.snapshot == moment.snapshot))
    }

    /// The cycle that has nothing to do: all tables are as fresh as this moment.
    pub(super) fn rest(&mut self, settled: Settled, moment: Moment) -> Result<Report> {
        let mut report = Report { tables: settled.tables, ..Report::default() };
        let settled = Settled { as_of: moment.now, synced_at: Utc::now(), ..settled };
        self.state.settle(&settled)?;
        if self.refresh_if_due(&mut report)? && !report.again {
            self.state.settle(&Settled { lake: identity(&self.config.lake), ..settled })?;
        }
        cleanup::expire(&self.config, &mut self.state)?;
        self.duckdb.rest();
        Ok(report)
    }

    /// At the end of a cycle: records that it left nothing to do, if so.
    ///
    /// `moment` was looked at before the cycle searched for tables. Only where it has the same snapshot as the tables were
    /// read under did nothing happen in between, to the catalog as little as to the rows.
    pub(super) fn settle(&mut self, targets: &[Target], report: &Report, moment: Moment) -> Result<()> {
        let lake = identity(&self.config.lake);
        if self.only.is_some() || moment.in_recovery || !report.is_complete() || self.lake_seen != Some(lake) {
            return Ok(());
        }
        let mut until = Utc::now() + LONGEST_REST;
        for target in targets {
            let table = self.state.table(target.name())?;
            let done = table.cursor.is_some() && table.snapshot.as_ref() == Some(&moment.snapshot);
            if !done || target.is_read_in_full() {
                return Ok(());
            }
            let Some(due) = self.next_due(target, &table)? else { return Ok(()) };
            until = until.min(due);
        }
        self.state.settle(&Settled {
            snapshot: moment.snapshot,
            as_of: moment.now,
            synced_at: Utc::now(),
            until,
            settings: self.settings,
            tables: targets.len(),
            lake,
        })
    }

    /// When something of this table is due by the clock; `None` for now.
    fn next_due(&mut self, target: &Target, table: &TableState) -> Result<Option<DateTime<Utc>>> {
        let mut due = vec![Some(Utc::now() + LONGEST_REST)];
        let polls_by_xmin = table.cursor_column.as_deref() == Some("xmin") && !target.records_every_version();
        if let Some(swept) = table.swept.as_ref().filter(|_| !polls_by_xmin) {
            due.push(later(swept.at, self.config.sweep_interval));
        }
        if target.finds_deletes_by_diff() {
            due.push(self.next_comparison(table.diff.as_ref()));
        }
        if target.audit.is_some() {
            due.push(self.next_pruning()?);
        }
        // `None` sorts first.
        Ok(due.into_iter().min().flatten())
    }
}

/// So long after; `None` for what no clock shows.
pub(super) fn later(at: DateTime<Utc>, wait: Duration) -> Option<DateTime<Utc>> {
    at.checked_add_signed(TimeDelta::from_std(wait).ok()?)
}
