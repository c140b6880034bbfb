//! Step 5: what must survive a restart, in SQLite (`checkpoints.db`): cursors, bootstrap progress, extracted cycles that the
//! lake has not applied yet, and the archive's files.
//!
//! One process owns a state folder at a time. Everything here can be lost: the next start then copies all tables afresh.

pub mod archive;
pub mod lock;
pub mod queue;
pub mod records;
pub mod report;
pub mod requests;
pub mod schema;
pub mod settled;

pub use lock::FolderLock;
pub use records::{BootstrapProgress, DiffProgress, Growth, Layout, Pending, SourceState, Sweep, TableState, Unmerged};
pub use settled::Settled;

use crate::error::{Error, Kind, Result};
use crate::frame::parquet::Batch;
use crate::lake::Counts;
use crate::names::TableName;
use rusqlite::{Connection, OptionalExtension, params};
use std::path::{Path, PathBuf};

/// The open state of this process.
pub struct State {
    db: Connection,
    path: PathBuf,
    /// Held as long as the state is open.
    _lock: FolderLock,
}

impl State {
    /// Opens or creates `folder/checkpoints.db`, alone.
    ///
    /// # Errors
    /// `State`: the folder cannot be written, is in use by another process, or the file is damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        let lock = FolderLock::take(folder)?;
        let path = folder.join(schema::FILE);
        let db = schema::open(&path).map_err(|error| damaged(&path, &error))?;
        Ok(Self { db, path, _lock: lock })
    }

    fn run<T>(&mut self, work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, Failure>) -> Result<T> {
        let path = self.path.clone();
        let attempt = || -> Result<T, Failure> {
            let transaction = self.db.transaction()?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        attempt().map_err(|failure| failure.into_error(&path))
    }

    /// What is known of the source as a whole.
    pub fn source(&mut self) -> Result<SourceState> {
        self.run(|db| {
            let stored: Option<String> = db.query_row("SELECT body FROM source", [], |row| row.get(0)).optional()?;
            Ok(stored.map(|body| serde_json::from_str(&body)).transpose()?.unwrap_or_default())
        })
    }

    /// Stores what is known of the source as a whole.
    pub fn save_source(&mut self, source: &SourceState) -> Result<()> {
        self.run(|db| save_source(db, source))
    }

    /// What is known of this table; the default where it is new.
    pub fn table(&mut self, name: &TableName) -> Result<TableState> {
        self.run(|db| table(db, name))
    }

    /// Stores what is known of this table.
    pub fn save_table(&mut self, name: &TableName, state: &TableState) -> Result<()> {
        self.run(|db| save_table(db, name, state))
    }

    /// All tables ever synced.
    pub fn tables(&mut self) -> Result<Vec<TableName>> {
        self.run(|db| {
            let mut statement = db.prepare("SELECT schema, name FROM tables ORDER BY schema, name")?;
            let names = statement
                .query_map([], |row| Ok(TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
            Ok(names.collect::<Result<_, _>>()?)
        })
    }

    /// Forgets this table's cursor, progress and pending cycles: the next cycle copies it afresh, for `reason`.
    /// Returns files that are garbage now.
    pub fn reset_table(&mut self, name: &TableName, reason: &str) -> Result<Vec<Batch>> {
        let mut garbage = self.drop_pending(name)?;
        let mut state = self.table(name)?;
        garbage.extend(state.bootstrap.take().map(|progress| progress.batches).unwrap_or_default());
        state.cursor = None;
        state.swept = None;
        state.copy_reason = Some(reason.to_owned());
        self.save_table(name, &state)?;
        Ok(garbage)
    }

    /// Forgets a table altogether; its pending cycles must be gone already.
    pub fn forget_table(&mut self, name: &TableName) -> Result<()> {
        self.run(|db| {
            db.execute("DELETE FROM tables WHERE schema = ?1 AND name = ?2", params![name.schema, name.table])?;
            Ok(())
        })
    }

    /// Notes why the last cycle failed as a whole, for `status`.
    pub fn record_cycle_error(&mut self, error: Option<&str>) -> Result<()> {
        let mut source = self.source()?;
        if source.error.as_deref() != error {
            source.error = error.map(str::to_owned);
            self.save_source(&source)?;
        }
        Ok(())
    }

    /// Notes the outcome of a table's cycle for `status`: `None` is success.
    pub fn record_outcome(&mut self, name: &TableName, error: Option<&str>) -> Result<()> {
        let now = chrono::Utc::now();
        let mut state = self.table(name)?;
        match error {
            None => {
                state.last_sync_at = Some(now);
                state.error = None;
            }
            Some(error) => state.error = Some(error.to_owned()),
        }
        self.save_table(name, &state)
    }
}

fn save_source(db: &rusqlite::Transaction<'_>, source: &SourceState) -> Result<(), Failure> {
    db.execute("INSERT OR REPLACE INTO source (id, body) VALUES (1, ?1)", params![serde_json::to_string(source)?])?;
    Ok(())
}

fn table(db: &rusqlite::Transaction<'_>, name: &TableName) -> Result<TableState, Failure> {
    let stored: Option<String> = db
        .query_row("SELECT body FROM tables WHERE schema = ?1 AND name = ?2", params![name.schema, name.table], |row| {
            row.get(0)
        })
        .optional()?;
    let mut table: TableState = stored.map(|body| serde_json::from_str(&body)).transpose()?.unwrap_or_default();
    settled::freshen(db, &mut table)?;
    Ok(table)
}

fn save_table(db: &rusqlite::Transaction<'_>, name: &TableName, state: &TableState) -> Result<(), Failure> {
    db.execute(
        "INSERT OR REPLACE INTO tables (schema, name, body) VALUES (?1, ?2, ?3)",
        params![name.schema, name.table, serde_json::to_string(state)?],
    )?;
    Ok(())
}

fn move_cursor(db: &rusqlite::Transaction<'_>, pending: &Pending, counts: Option<Counts>) -> Result<(), Failure> {
    let mut state = table(db, &pending.table)?;
    state.cursor = Some(pending.fence.clone());
    state.swept = pending.swept.clone().or(state.swept);
    state.layout = Some(pending.layout.clone());
    state.audit = pending.audit.clone();
    state.deletes = Some(pending.deletes.clone());
    state.lake = Some(pending.lake.clone());
    state.cursor_column = Some(pending.cursor_column.clone());
    state.as_of = Some(pending.as_of.clone());
    state.snapshot = Some(pending.snapshot.clone());
    state.copy_reason = None;
    // What the lake recorded, so that both agree.
    if pending.has_work() || counts.is_some() {
        state.cycle = Some(pending.cycle.clone());
    }
    if pending.bootstrap {
        state.bootstrap = None;
    }
    if let Some(Counts { rows, rejects }) = counts {
        state.rows = Some(rows);
        state.rejects = rejects;
    }
    save_table(db, &pending.table, &state)
}

/// What may go wrong inside a transaction.
enum Failure {
    Sqlite(rusqlite::Error),
    Json(serde_json::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl Failure {
    fn into_error(self, path: &Path) -> Error {
        match self {
            Self::Sqlite(error) => damaged(path, &error),
            Self::Json(error) => damaged(path, &error),
        }
    }
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(
        Kind::State,
        format!(
            "open state {0}: {error}; if the file is damaged, delete {0} and every table is copied afresh",
            path.display()
        ),
    )
}
