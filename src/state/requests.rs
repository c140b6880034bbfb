//! Requests from other processes (`pg2duck resync` beside a running `pg2duck run`), picked up at the next cycle.

use super::{State, damaged, schema};
use crate::error::Result;
use crate::names::TableName;
use rusqlite::params;
use std::path::Path;

/// Leaves a request to copy this table afresh. Needs no lock.
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

impl State {
    /// All requests.
    pub fn requests(&mut self) -> Result<Vec<TableName>> {
        self.run(|db| {
            let mut statement = db.prepare("SELECT schema, name FROM requests")?;
            let tables = statement
                .query_map([], |row| Ok(TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
            Ok(tables.collect::<Result<_, _>>()?)
        })
    }

    /// Forgets a request that was honoured.
    pub fn forget_request(&mut self, table: &TableName) -> Result<()> {
        self.run(|db| {
            db.execute("DELETE FROM requests WHERE schema = ?1 AND name = ?2", params![table.schema, table.table])?;
            Ok(())
        })
    }
}
