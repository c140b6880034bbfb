//! What the ledger holds, as plain values: all of it but the archive's files and the middle of the queue.

use super::records::{SourceState, TableState, UpToDate};
use super::{Failure, queue, schema};
use crate::error::Result;
use crate::model::{Batch, ChangeSet, TableName};
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeMap;
use std::path::Path;

/// The ledger's contents.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    pub source: SourceState,
    pub tables: BTreeMap<TableName, TableState>,
    pub waiting: BTreeMap<TableName, Waiting>,
    /// As it was recorded; whether it still holds, only the file knows.
    pub up_to_date: Option<UpToDate>,
    /// Whether it held when it was read.
    pub still_up_to_date: bool,
}

/// What waits of one table for the lake.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub newest: ChangeSet,
    pub batches: usize,
    /// Whether the lake has anything to do for it.
    pub has_work: bool,
}

impl Waiting {
    /// Whether it tells of a past that the table's rows do not tell any more: then it lands before they are copied again.
    pub fn must_land(&self) -> bool {
        self.has_work && self.newest.schema.mode.keeps_the_past()
    }
}

impl Contents {
    /// Whether something of this table must reach the lake before anything else is done with it.
    pub fn must_land(&self, name: &TableName) -> bool {
        self.waiting.get(name).is_some_and(Waiting::must_land)
    }

    /// Reads the ledger of this folder beside the process that owns it; `None` where there is none yet.
    ///
    /// # Errors
    /// `State`: it is damaged.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(schema::FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let read = || -> Result<Option<Self>, Failure> {
            let db = schema::open_read_only(&path)?;
            match schema::version(&db)? {
                // Being created at this moment.
                0 => Ok(None),
                schema::CURRENT => Self::load(&db).map(Some),
                // Left by an earlier version: looked at in a copy, since only its owner may change the file.
                _ => Self::load(&schema::migrated_copy(&db)?).map(Some),
            }
        };
        read().map_err(|failure| failure.into_error(&path))
    }

    pub(super) fn load(db: &Connection) -> Result<Self, Failure> {
        let source: Option<String> = db.query_row("SELECT body FROM source", [], |row| row.get(0)).optional()?;
        let source = source.map(|body| serde_json::from_str(&body)).transpose()?.unwrap_or_default();
        let mut contents = Self { source, waiting: queue::waiting(db)?, ..Self::default() };
        let mut statement = db.prepare("SELECT schema, name, body FROM tables")?;
        let rows = statement
            .query_map([], |row| Ok((name(row)?, row.get::<_, String>(2)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        for (table, body) in rows {
            contents.tables.insert(table, serde_json::from_str(&body)?);
        }
        let mut statement =
            db.prepare("SELECT schema, name, body FROM bootstrap_files ORDER BY schema, name, number")?;
        let files = statement
            .query_map([], |row| Ok((name(row)?, row.get::<_, String>(2)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        for (table, body) in files {
            let progress = contents.tables.get_mut(&table).and_then(|state| state.bootstrap.as_mut());
            if let Some(progress) = progress {
                progress.files.push(serde_json::from_str::<Batch>(&body)?);
            }
        }
        let record: Option<(bool, String)> =
            db.query_row("SELECT valid, body FROM settled", [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if let Some((valid, body)) = record {
            // A record of another version is none.
            contents.up_to_date = serde_json::from_str(&body).ok();
            contents.still_up_to_date = valid;
        }
        if let Some(record) = contents.up_to_date.clone() {
            contents.freshen(&record);
        }
        Ok(contents)
    }

    /// Takes in what the record tells of the tables that stand at its snapshot. It was true once, so it does not matter whether it
    /// still holds.
    pub(super) fn freshen(&mut self, record: &UpToDate) {
        for table in self.tables.values_mut() {
            if let Some(position) = table.position.as_mut().filter(|position| position.snapshot == record.snapshot) {
                if position.as_of < record.as_of {
                    position.as_of.clone_from(&record.as_of);
                }
                table.last_sync_at = table.last_sync_at.max(Some(record.synced_at));
            }
        }
    }

    /// What is known of this table.
    pub fn table(&self, name: &TableName) -> Option<&TableState> {
        self.tables.get(name)
    }

    /// Tables whose rows wait for the lake.
    pub fn waiting_for_lake(&self) -> impl Iterator<Item = &TableName> {
        self.waiting.iter().filter(|(_, waiting)| waiting.has_work).map(|(name, _)| name)
    }
}

/// The first two columns of a row.
pub(super) fn name(row: &rusqlite::Row<'_>) -> Result<TableName, rusqlite::Error> {
    Ok(TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?))
}
