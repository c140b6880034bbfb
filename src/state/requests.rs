//! Requests from other processes (`pg2duck resync` beside a running `pg2duck run`), picked up at the next cycle.

use super::contents::name;
use super::{Ledger, damaged, schema};
use crate::error::Result;
use crate::model::TableName;
use rusqlite::params;
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

impl Ledger {
    /// Tables that somebody asked to bootstrap again.
    ///
    /// # Errors
    /// `State`: the file cannot be read.
    pub fn requests(&self) -> Result<Vec<TableName>> {
        self.read(|ledger| {
            let mut statement = ledger.db.prepare("SELECT schema, name FROM requests")?;
            Ok(statement.query_map([], name)?.collect::<Result<_, _>>()?)
        })
    }
}
