//! Requests from other processes (`pg2duck resync` beside a running `pg2duck run`), picked up at the next cycle.

use super::contents::name;
use super::records::BootstrapReason;
use super::{Ledger, damaged, schema};
use crate::error::Result;
use crate::model::TableName;
use rusqlite::{Connection, params};
use std::path::Path;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The table is bootstrapped again.
    Resync,
    /// And what it kept in another mode may be dropped.
    ResyncDroppingHistory,
    /// Its applied Parquet files are removed.
    Purge,
}

impl What {
    const NAMES: [(&str, Self); 3] =
        [("resync", Self::Resync), ("resync dropping history", Self::ResyncDroppingHistory), ("purge", Self::Purge)];

    /// As the file spells it.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, what)| *what == self).map_or("resync", |(name, _)| name)
    }

    fn parse(text: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(name, _)| *name == text).map(|(_, what)| *what)
    }

    /// What asks for a bootstrap for this reason.
    pub fn from(reason: &BootstrapReason) -> Self {
        match reason {
            BootstrapReason::ResyncDroppingHistory => Self::ResyncDroppingHistory,
            BootstrapReason::Resync | BootstrapReason::Because(_) => Self::Resync,
        }
    }

    /// Why the table is bootstrapped, if it is.
    pub fn reason(self) -> Option<BootstrapReason> {
        match self {
            Self::Resync => Some(BootstrapReason::Resync),
            Self::ResyncDroppingHistory => Some(BootstrapReason::ResyncDroppingHistory),
            Self::Purge => None,
        }
    }
}

/// Something that was asked for.
pub type Asked = (TableName, What);

/// Leaves a request about this table. Needs no lock.
///
/// # Errors
/// `State`: the state cannot be written.
pub fn leave(folder: &Path, table: &TableName, what: What) -> Result<()> {
    let path = folder.join(schema::FILE);
    let left = schema::open(&path).and_then(|db| {
        db.execute(
            "INSERT OR REPLACE INTO requests (schema, name, what) VALUES (?1, ?2, ?3)",
            params![table.schema, table.table, what.name()],
        )
    });
    left.map(drop).map_err(|error| damaged(&path, &error))
}

/// Reads the requests of this folder beside the process that owns it.
///
/// # Errors
/// `State`: the file cannot be read.
pub fn read(folder: &Path) -> Result<Vec<Asked>> {
    let path = folder.join(schema::FILE);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let read = || -> Result<Vec<Asked>, rusqlite::Error> {
        let db = schema::open_read_only(&path)?;
        match schema::version(&db)? {
            0 => Ok(Vec::new()),
            schema::CURRENT => requests(&db),
            _ => requests(&schema::migrated_copy(&db)?),
        }
    };
    read().map_err(|error| damaged(&path, &error))
}

fn requests(db: &Connection) -> Result<Vec<Asked>, rusqlite::Error> {
    let mut statement = db.prepare("SELECT schema, name, what FROM requests")?;
    let asked = statement.query_map([], |row| Ok((name(row)?, row.get::<_, String>(2)?)))?;
    // What a later version may ask for is not ours to answer.
    asked.filter_map(|row| row.map(|(table, what)| Some((table, What::parse(&what)?))).transpose()).collect()
}

impl Ledger {
    /// What somebody asked for.
    ///
    /// # Errors
    /// `State`: the file cannot be read.
    pub fn requests(&self) -> Result<Vec<Asked>> {
        requests(&self.db).map_err(|error| damaged(&self.path, &error))
    }
}
