//! The queue in the file: change sets on their way to the lake. They are durable as Parquet; here stands which files they are and
//! where the position goes once the lake has them.
//!
//! While a reader holds the lake for hours the queue may grow long, so only its newest change set of each table is in memory.

use super::contents::{Waiting, name};
use super::{Failure, Ledger};
use crate::error::Result;
use crate::model::{Batch, ChangeSet, TableName};
use rusqlite::{Connection, Transaction, params};
use std::collections::BTreeMap;

impl Ledger {
    /// The oldest cycle that waits and is newer than `after`: all its tables, or nothing.
    ///
    /// # Errors
    /// `State`: the file cannot be read.
    pub fn next_cycle(&self, after: &str) -> Result<Vec<ChangeSet>> {
        let sql = "SELECT body FROM pending WHERE cycle = (SELECT min(cycle) FROM pending WHERE cycle > ?1) \
                   ORDER BY schema, name";
        self.bodies(sql, [after])
    }

    /// What waits of this table, up to and including this cycle, oldest first; nothing if that cycle does not wait.
    ///
    /// # Errors
    /// `State`: the file cannot be read.
    pub fn waiting_through(&self, table: &TableName, cycle: &str) -> Result<Vec<ChangeSet>> {
        let sql = "SELECT body FROM pending WHERE schema = ?1 AND name = ?2 AND cycle <= ?3 ORDER BY cycle";
        let waiting = self.bodies(sql, [&table.schema, &table.table, cycle])?;
        Ok(if waiting.last().is_some_and(|last| last.cycle == cycle) { waiting } else { Vec::new() })
    }

    /// The files of all that waits of this table and was committed.
    ///
    /// # Errors
    /// `State`: the file cannot be read.
    pub fn waiting_files(&self, table: &TableName) -> Result<Vec<Batch>> {
        let sql = "SELECT body FROM pending WHERE schema = ?1 AND name = ?2 ORDER BY cycle";
        let sets = self.bodies(sql, [&table.schema, &table.table])?;
        Ok(sets.iter().flat_map(ChangeSet::batches).cloned().collect())
    }

    fn bodies(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<ChangeSet>> {
        let read = || -> Result<Vec<ChangeSet>, Failure> {
            let mut statement = self.db.prepare(sql)?;
            let bodies = statement.query_map(parameters, |row| row.get::<_, String>(0))?;
            bodies.map(|body: Result<String, _>| Ok(serde_json::from_str(&body?)?)).collect()
        };
        read().map_err(|failure| failure.into_error(&self.path))
    }
}

pub(super) fn waiting(db: &Connection) -> Result<BTreeMap<TableName, Waiting>, Failure> {
    // Of each table the row with its newest cycle: SQLite takes the bare columns from the row of the only max().
    let mut statement = db.prepare(
        "SELECT schema, name, body, max(cycle), count_batches, work FROM \
           (SELECT p.*, sum(batches) OVER (PARTITION BY schema, name) AS count_batches, \
                   max(has_work) OVER (PARTITION BY schema, name) AS work FROM pending p) GROUP BY schema, name",
    )?;
    let rows = statement
        .query_map([], |row| Ok((name(row)?, row.get::<_, String>(2)?, row.get::<_, i64>(4)?, row.get::<_, bool>(5)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    let mut waiting = BTreeMap::new();
    for (table, body, batches, has_work) in rows {
        let newest = serde_json::from_str(&body)?;
        waiting.insert(table, Waiting { newest, batches: usize::try_from(batches).unwrap_or(0), has_work });
    }
    Ok(waiting)
}

pub(super) fn insert(db: &Transaction<'_>, set: &ChangeSet) -> Result<(), Failure> {
    db.execute(
        "INSERT OR REPLACE INTO pending (cycle, schema, name, has_work, batches, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            set.cycle,
            set.table.schema,
            set.table.table,
            set.has_work(),
            set.batches().count() as i64,
            serde_json::to_string(set)?
        ],
    )?;
    Ok(())
}

pub(super) fn delete(db: &Transaction<'_>, cycle: &str, table: &TableName) -> Result<(), Failure> {
    db.execute(
        "DELETE FROM pending WHERE cycle = ?1 AND schema = ?2 AND name = ?3",
        params![cycle, table.schema, table.table],
    )?;
    Ok(())
}

pub(super) fn delete_all(db: &Transaction<'_>, table: &TableName) -> Result<(), Failure> {
    db.execute("DELETE FROM pending WHERE schema = ?1 AND name = ?2", params![table.schema, table.table])?;
    Ok(())
}
