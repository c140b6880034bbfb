//! Keeps the lake from growing with its uptime. Row groups that changes have left small or half empty are merged once in some
//! cycles. The file is written anew once it has grown by so much since it was last compact, and so many rows have been written
//! since. So the work is in proportion to the cycles' own, and a lake that is left alone is left alone.

use super::Shutdown;
use super::lake::LakeHandle;
use crate::config::Config;
use crate::error::Kind;
use crate::lake::Lake;
use crate::lake::file::size;
use crate::lake::rewrite::rewrite;
use crate::state::{Growth, Ledger, Unmerged};
use std::time::Instant;
use tokio::task::block_in_place;

/// Percent of the compact size.
const GROWTH: u64 = 40;
/// Percent of all rows. Size alone does not tell: where a table is one row group, changing one row of it moves all of them,
/// and the file holds them twice from then on.
const WRITTEN: u64 = 20;
/// A file below this size is not worth the work.
const SMALL: u64 = 16 << 20;

/// Row groups are merged after so many cycles that left small ones, or so many rows: one row group of them.
const UNMERGED: Unmerged = Unmerged { cycles: 16, rows: 122_880 };

/// After `written` rows were applied: has row groups merged where enough of them have become small.
pub fn merge_if_due(ledger: &mut Ledger, lake: &Lake, written: u64) {
    if written == 0 {
        return;
    }
    let Unmerged { cycles, rows } = ledger.source.unmerged;
    let mut unmerged = Unmerged { cycles: cycles + 1, rows: rows + written };
    if unmerged.cycles >= UNMERGED.cycles || unmerged.rows >= UNMERGED.rows {
        if let Err(error) = block_in_place(|| lake.merge_row_groups()) {
            tracing::warn!("{error}; the lake is complete, only less compact than it could be");
        }
        unmerged = Unmerged::default();
    }
    ledger.source_mut().unmerged = unmerged;
}

/// After `written` rows were applied: writes the lake file anew if it has grown too much. A failure costs nothing but the room.
pub fn rewrite_if_grown(config: &Config, ledger: &mut Ledger, lake: &LakeHandle, shutdown: &Shutdown, written: u64) {
    let Some(bytes) = size(&config.lake).filter(|_| written > 0) else { return };
    let growth = match ledger.source.growth {
        // A smaller file than the one that is known was put here by somebody else.
        Some(Growth { from_bytes, rows }) if from_bytes <= bytes => Growth { from_bytes, rows: rows + written },
        _ => Growth { from_bytes: bytes, rows: 0 },
    };
    let rows_in_the_lake: u64 = ledger.tables.values().filter_map(|table| table.rows).sum();
    let due = bytes > SMALL.max(growth.from_bytes + growth.from_bytes / 100 * GROWTH)
        && growth.rows >= rows_in_the_lake / 100 * WRITTEN;
    ledger.source_mut().growth = Some(growth);
    if !due || shutdown.is_requested() {
        return;
    }
    let started = Instant::now();
    match block_in_place(|| rewrite(&config.lake_settings())) {
        Ok(()) => lake.see(config),
        Err(error) if error.kind() == Kind::LakeBusy => {
            tracing::debug!("{error}; the next cycle tries again");
            return;
        }
        // Trying at once would fail again: not before it has grown as much once more.
        Err(error) => tracing::warn!("{error}; the lake is complete, only larger than it need be"),
    }
    let from_bytes = size(&config.lake).unwrap_or(bytes);
    let (before_mb, mb) = (bytes / 1_000_000, from_bytes / 1_000_000);
    if mb < before_mb {
        let seconds = format!("{:.1}", started.elapsed().as_secs_f64());
        tracing::info!(before_mb, mb, seconds, "wrote the lake file anew");
    }
    ledger.source_mut().growth = Some(Growth { from_bytes, rows: 0 });
}
