//! What `status` shows: read beside a running process, without its lock.

use super::records::{Pending, SourceState, TableState};
use super::{damaged, schema, settled};
use crate::error::{Error, Kind, Result};
use crate::extract::fence::Fence;
use crate::names::TableName;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension};
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
    pub deletes: Option<String>,
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
    /// Why the table is being copied afresh, if it is.
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
    let path = folder.join(schema::FILE);
    let none_yet = || {
        Error::new(
            Kind::State,
            format!(
                "no state in {}: run `pg2duck once` first, or set STATE_DIR to the folder that it uses",
                folder.display()
            ),
        )
    };
    if !path.is_file() {
        return Err(none_yet());
    }
    let db = schema::open_read_only(&path).map_err(|error| damaged(&path, &error))?;
    match schema::version(&db).map_err(|error| damaged(&path, &error))? {
        // Being created at this moment.
        0 => Err(none_yet()),
        _ => collect(&db).map_err(|failure| failure.into_error(&path)),
    }
}

fn collect(db: &Connection) -> Result<Report, super::Failure> {
    let source: Option<String> = db.query_row("SELECT body FROM source", [], |row| row.get(0)).optional()?;
    let source: SourceState = source.map(|body| serde_json::from_str(&body)).transpose()?.unwrap_or_default();
    let mut waiting = db.prepare("SELECT body FROM pending WHERE schema = ?1 AND name = ?2")?;
    let mut statement = db.prepare("SELECT schema, name, body FROM tables ORDER BY schema, name")?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    // A state that an earlier version wrote last may be without.
    let has_settled = schema::version(db)? >= settled::SINCE_VERSION;
    let mut tables = Vec::new();
    for (schema, name, body) in rows {
        let mut pending_batches = 0;
        for body in waiting.query_map([&schema, &name], |row| row.get::<_, String>(0))? {
            pending_batches += serde_json::from_str::<Pending>(&body?)?.batches.len();
        }
        let mut table = serde_json::from_str(&body)?;
        if has_settled {
            settled::freshen(db, &mut table)?;
        }
        tables.push(describe(&TableName::new(schema, name), table, pending_batches));
    }
    Ok(Report { tables, held_back: source.held_back, error: source.error })
}

fn describe(name: &TableName, state: TableState, pending_batches: usize) -> TableReport {
    let phase = match &state {
        TableState { error: Some(_), .. } if pending_batches > 0 => Phase::WaitingForLake,
        TableState { error: Some(_), .. } => Phase::Failed,
        TableState { cursor: None, .. } => Phase::Bootstrapping,
        _ if pending_batches > 0 => Phase::WaitingForLake,
        _ => Phase::Synced,
    };
    let layout = state.layout.as_ref().or(state.bootstrap.as_ref().map(|progress| &progress.layout));
    let mode = layout.map(|layout| layout.mode.name());
    let lag = state.last_sync_at.map(|at| (Utc::now() - at).num_milliseconds().max(0) as f64 / 1000.0);
    TableReport {
        table: name.to_string(),
        lake_table: state.lake.map(|lake| lake.to_string()),
        mode,
        cursor_column: state.cursor_column,
        deletes: state.deletes,
        state: phase,
        rows: state.rows,
        rejects: state.rejects,
        left_out: state.layout.map_or_else(Vec::new, |layout| layout.left_out.into_iter().map(|c| c.name).collect()),
        last_sync_at: state.last_sync_at,
        lag_seconds: lag,
        cursor: state.cursor,
        pending_batches,
        copy_reason: state.copy_reason,
        error: state.error,
    }
}
