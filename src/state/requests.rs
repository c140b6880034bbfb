//! Requests from other processes (`pg2duck resync` beside a running `pg2duck run`), picked up at the next cycle.

use super::contents::name;
use super::{Ledger, damaged, schema};
use crate::error::Result;
use crate::model::TableName;
use rusqlite::{Connection, params};
use std::path::Path;

/// Leaves a request to bootstrap this table again. Needs no lock.
///
/// # Errors
/// `State`: the state cannot be written.
pub fn leave(folder: &Path, table: &TableName) -> Result<()> {
    let path = folder.join(schema::FILE);
    let left = schema::open(&path).and_then(|db| {
        db.execute("INSERT OR REPLACE INTO requests (schema, name) VALUES (?1, ?2)", params![table.schema, table.table])
    });
    left.map(drop).map_err(|error| damaged(&path, &error))
}

/// Reads the requests of this folder beside the process that owns it.
///
/// # Errors
/// `State`: the file cannot be read.
pub fn read(folder: &Path) -> Result<Vec<TableName>> {
    let path = folder.join(schema::FILE);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let read = || -> Result<Vec<TableName>, rusqlite::Error> {
        let db = schema::open_read_only(&path)?;
        if schema::version(&db)? == 0 { Ok(Vec::new()) } else { requests(&db) }
    };
    read().map_err(|error| damaged(&path, &error))
}

fn requests(db: &Connection) -> Result<Vec<TableName>, rusqlite::Error> {
    db.prepare("SELECT schema, name FROM requests")?.query_map([], name)?.collect()
}

impl Ledger {
    /// Tables that somebody asked to bootstrap again.
    ///
    /// # Errors
    /// `State`: the file cannot be read.
    pub fn requests(&self) -> Result<Vec<TableName>> {
        requests(&self.db).map_err(|error| damaged(&self.path, &error))
    }
}
