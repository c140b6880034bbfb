//! What `status` shows: read beside a running process, without its lock.

use super::Contents;
use super::records::TableState;
use crate::error::{Error, Kind, Result};
use crate::model::{DeletesBy, Fence, TableName};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::path::Path;

/// The whole answer.
#[derive(Debug, Serialize)]
pub struct Report {
    pub tables: Vec<TableReport>,
    /// Why the range that each poll reads cannot shrink, where it cannot.
    pub held_back: Option<String>,
    /// Why the last cycle failed as a whole: then nothing is as fresh as it should be.
    pub error: Option<String>,
}

/// One table.
#[derive(Debug, Serialize)]
pub struct TableReport {
    pub table: String,
    pub lake_table: Option<String>,
    /// What the lake table means; unknown until it is copied.
    pub mode: Option<&'static str>,
    pub cursor_column: Option<String>,
    /// How deleted rows are found: `audit`, `diff`, `off`.
    pub deletes: Option<&'static str>,
    pub state: Phase,
    pub rows: Option<u64>,
    /// Values that the lake cannot hold, listed in `_pg2duck.rejects`.
    pub rejects: u64,
    /// Columns that are not copied, by choice or for want of a privilege.
    pub left_out: Vec<String>,
    pub last_sync_at: Option<DateTime<Utc>>,
    pub lag_seconds: Option<f64>,
    pub cursor: Option<Fence>,
    pub pending_batches: usize,
    /// Why the table is bootstrapped again, if it is.
    pub copy_reason: Option<String>,
    pub error: Option<String>,
}

/// Where a table stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Synced,
    Bootstrapping,
    Failed,
    WaitingForLake,
}

impl Report {
    /// Whether every table's last cycle succeeded.
    pub fn is_healthy(&self) -> bool {
        self.error.is_none() && !self.tables.is_empty() && self.tables.iter().all(|table| table.state == Phase::Synced)
    }
}

/// Reads the report of this state folder.
///
/// # Errors
/// `State`: there is no state yet, or it is damaged.
pub fn read(folder: &Path) -> Result<Report> {
    let none_yet = || {
        Error::new(
            Kind::State,
            format!(
                "no state in {}: run `pg2duck once` first, or set STATE_DIR to the folder that it uses",
                folder.display()
            ),
        )
    };
    let Contents { source, tables, waiting, .. } = Contents::read(folder)?.ok_or_else(none_yet)?;
    let batches = |name: &TableName| waiting.get(name).map_or(0, |waiting| waiting.batches);
    let tables = tables.into_iter().map(|(name, table)| describe(&name, table, batches(&name))).collect();
    Ok(Report { tables, held_back: source.held_back, error: source.error })
}

fn describe(name: &TableName, state: TableState, pending_batches: usize) -> TableReport {
    let phase = match &state {
        TableState { error: Some(_), .. } if pending_batches > 0 => Phase::WaitingForLake,
        TableState { error: Some(_), .. } => Phase::Failed,
        TableState { position: None, .. } => Phase::Bootstrapping,
        _ if pending_batches > 0 => Phase::WaitingForLake,
        _ => Phase::Synced,
    };
    let schema = state.schema.as_ref().or(state.bootstrap.as_ref().map(|progress| &progress.schema));
    let mode = schema.map(|schema| schema.mode.name());
    let lag = state.last_sync_at.map(|at| (Utc::now() - at).num_milliseconds().max(0) as f64 / 1000.0);
    TableReport {
        table: name.to_string(),
        lake_table: state.lake.map(|lake| lake.to_string()),
        mode,
        cursor_column: state.cursor,
        deletes: state.deletes.map(DeletesBy::name),
        state: phase,
        rows: state.rows,
        rejects: state.rejects,
        left_out: state.schema.map_or_else(Vec::new, |schema| schema.left_out.into_iter().map(|c| c.name).collect()),
        last_sync_at: state.last_sync_at,
        lag_seconds: lag,
        cursor: state.position.map(|position| position.fence),
        pending_batches,
        copy_reason: state.bootstrap_reason.map(|reason| reason.to_string()),
        error: state.error,
    }
}
