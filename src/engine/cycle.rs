//! One cycle: the five steps of the flow, in order.

use super::{Engine, Report, cleanup};
use crate::error::{Kind, Result};
use chrono::{NaiveDateTime, TimeDelta, Utc};
use std::time::{Duration, Instant};

/// Cycle ids sort in time: `20261121T044355123456Z`.
const CYCLE_ID: &str = "%Y%m%dT%H%M%S%6fZ";

impl Engine {
    /// Runs one cycle; waits at most `patience` for a lake that another process holds.
    pub(super) async fn cycle(&mut self, patience: Duration) -> Result<Report> {
        let started = Instant::now();
        let mut report = Report::default();

        // Before: do lake and state agree, has anything happened at all, and what is there?
        self.compare_lake_and_state()?;
        let moment = self.connect().await?;
        if let Some(settled) = self.still_settled(&moment)? {
            return self.rest(settled, moment);
        }
        self.recover()?;
        let cycle = self.new_cycle_id()?;
        let targets = self.discover(&mut report).await?;
        report.tables = targets.len() + report.failed.len();

        // Steps 1 to 3: Postgres → frames → durable Parquet, one snapshot for all tables.
        self.bootstrap(&cycle, &targets, &mut report).await?;
        self.extract_changes(&cycle, &targets, &mut report).await?;

        // Steps 4 and 5: Parquet → lake in one transaction, then the cursors move.
        if let Err(error) = self.deliver(patience, &mut report) {
            self.note_undelivered(&targets, &mut report, &error)?;
            if error.kind() != Kind::LakeBusy {
                return Err(error);
            }
        }

        // After: what `status` shows, old files, and what spares the next cycle.
        self.note_outcomes(&targets, &report)?;
        cleanup::expire(&self.config, &mut self.state)?;
        self.rewrite_if_grown(&report)?;
        self.prune_audit(&targets).await?;
        self.settle(&targets, &report, moment)?;
        report.seconds = started.elapsed().as_secs_f64();
        Ok(report)
    }

    /// An id greater than every one before, even if the clock went backwards.
    fn new_cycle_id(&mut self) -> Result<String> {
        let mut source = self.state.source()?;
        let now = Utc::now().naive_utc();
        let after_last = NaiveDateTime::parse_from_str(&source.last_cycle, CYCLE_ID)
            .ok()
            .and_then(|last| last.checked_add_signed(TimeDelta::microseconds(1)));
        let id = after_last.map_or(now, |least| now.max(least)).format(CYCLE_ID).to_string();
        source.last_cycle.clone_from(&id);
        self.state.save_source(&source)?;
        Ok(id)
    }
}
