//! Makes state and lake agree about what has been applied. The lake wins: it holds the rows.

use super::cleanup;
use crate::config::Config;
use crate::error::Result;
use crate::lake::{Lake, SyncRow};
use crate::names::TableName;
use crate::state::State;

/// Compares where this lake file stands with where the state believes it to be, table by table.
///
/// - The lake is one or more pending cycles ahead (a crash came between its commit and ours): they count as applied.
/// - The table is missing, or the file is an older copy of itself: the table is copied afresh.
///
/// Answers whether any table must be copied afresh.
pub fn reconcile(config: &Config, state: &mut State, lake: Option<&Lake>) -> Result<bool> {
    let rows = lake.map(Lake::sync_rows).transpose()?.unwrap_or_default();
    let present = lake.map(Lake::tables).transpose()?.unwrap_or_default();
    let mut any_reset = false;
    for table in state.tables()? {
        let row = rows.iter().find(|row| row.source == table);
        let row = row.filter(|row| present.contains(&row.lake.folded()));
        any_reset |= reconcile_table(config, state, &table, row)?;
    }
    Ok(any_reset)
}

fn reconcile_table(config: &Config, state: &mut State, table: &TableName, lake: Option<&SyncRow>) -> Result<bool> {
    let known = state.table(table)?;
    if let Some(row) = lake {
        let ahead = state.pending_through(table, &row.cycle)?;
        for pending in &ahead {
            state.record_applied(pending, None)?;
        }
        if !ahead.is_empty() {
            return Ok(false);
        }
    }
    // A full copy that waits does not care what the lake holds.
    if known.cursor.is_none() {
        return Ok(false);
    }
    let reason = match lake {
        None => "the lake does not hold it",
        Some(row) if Some(&row.cycle) != known.cycle.as_ref() => {
            "the lake file is another copy than the one last written"
        }
        Some(_) => return Ok(false),
    };
    tracing::warn!(table = %table, "{reason}: the table is copied afresh");
    let garbage = state.reset_table(table, reason)?;
    cleanup::discard(config, &garbage);
    Ok(true)
}
