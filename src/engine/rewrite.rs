//! Keeps the lake from growing with its uptime. Row groups that changes have left small or half empty are merged once in some
//! cycles. The file is written anew once it has grown by so much since it was last compact, and so many rows have been written
//! since. So the work is in proportion to the cycles' own, and a lake that is left alone is left alone.

use super::{Engine, Report};
use crate::error::{Kind, Result};
use crate::lake::Lake;
use crate::lake::file::{identity, size};
use crate::lake::rewrite::rewrite;
use crate::state::{Growth, Unmerged};
use std::time::Instant;

/// Percent of the compact size.
const GROWTH: u64 = 40;
/// Percent of all rows. Size alone does not tell: where a table is one row group, changing one row of it moves all of them,
/// and the file holds them twice from then on.
const WRITTEN: u64 = 20;
/// A file below this size is not worth the work.
const SMALL: u64 = 16 << 20;

/// Row groups are merged after so many cycles that left small ones, or so many rows: one row group of them.
const UNMERGED: Unmerged = Unmerged { cycles: 16, rows: 122_880 };

impl Engine {
    /// After `written` rows were applied: has row groups merged where enough of them have become small.
    pub(super) fn merge_if_due(&mut self, lake: &Lake, written: u64) -> Result<()> {
        if written == 0 {
            return Ok(());
        }
        let mut source = self.state.source()?;
        let Unmerged { cycles, rows } = source.unmerged;
        source.unmerged = Unmerged { cycles: cycles + 1, rows: rows + written };
        if source.unmerged.cycles >= UNMERGED.cycles || source.unmerged.rows >= UNMERGED.rows {
            if let Err(error) = tokio::task::block_in_place(|| lake.merge_row_groups()) {
                tracing::warn!("{error}; the lake is complete, only less compact than it could be");
            }
            source.unmerged = Unmerged::default();
        }
        self.state.save_source(&source)
    }

    /// After rows were applied: writes the lake file anew if it has grown too much. A failure costs nothing but the room.
    pub(super) fn rewrite_if_grown(&mut self, report: &Report) -> Result<()> {
        let written: u64 = report.applied.values().sum();
        let Some(bytes) = size(&self.config.lake).filter(|_| written > 0) else { return Ok(()) };
        let growth = match self.state.source()?.growth {
            // A smaller file than the one that is known was put here by somebody else.
            Some(known) if known.from_bytes <= bytes => Growth { rows: known.rows + written, ..known },
            _ => Growth { from_bytes: bytes, rows: 0 },
        };
        let due = bytes > SMALL.max(growth.from_bytes + growth.from_bytes / 100 * GROWTH)
            && growth.rows >= self.rows_in_the_lake()? / 100 * WRITTEN;
        self.save_growth(growth)?;
        if !due || self.shutdown.is_requested() {
            return Ok(());
        }
        let started = Instant::now();
        match tokio::task::block_in_place(|| rewrite(&self.config)) {
            Ok(()) => self.lake_seen = Some(identity(&self.config.lake)),
            Err(error) if error.kind() == Kind::LakeBusy => {
                tracing::debug!("{error}; the next cycle tries again");
                return Ok(());
            }
            // Trying at once would fail again: not before it has grown as much once more.
            Err(error) => tracing::warn!("{error}; the lake is complete, only larger than it need be"),
        }
        let from_bytes = size(&self.config.lake).unwrap_or(bytes);
        let (before_mb, mb) = (bytes / 1_000_000, from_bytes / 1_000_000);
        if mb < before_mb {
            let seconds = format!("{:.1}", started.elapsed().as_secs_f64());
            tracing::info!(before_mb, mb, seconds, "wrote the lake file anew");
        }
        self.save_growth(Growth { from_bytes, rows: 0 })
    }

    fn rows_in_the_lake(&mut self) -> Result<u64> {
        let mut rows = 0;
        for table in self.state.tables()? {
            rows += self.state.table(&table)?.rows.unwrap_or_default();
        }
        Ok(rows)
    }

    fn save_growth(&mut self, growth: Growth) -> Result<()> {
        let mut source = self.state.source()?;
        source.growth = Some(growth);
        self.state.save_source(&source)
    }
}
