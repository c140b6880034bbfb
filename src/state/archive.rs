//! The archive's files: which batches the lake has applied, and when. Only those may be cleaned up.
//!
//! There may be hundreds of thousands, so they stay in the file, and no step of a cycle looks at all of them.

use super::contents::name;
use super::ledger::Write;
use super::{Failure, Ledger};
use crate::config::Retention;
use crate::error::Result;
use crate::model::TableName;
use rusqlite::{Transaction, params};
use std::path::PathBuf;

impl Ledger {
    /// Applied files that the retention no longer keeps. `tables`: those that may have too many, all where it is not known.
    ///
    /// # Errors
    /// `State`: the file cannot be read.
    pub fn expired(&self, retention: Retention, tables: Option<&[TableName]>) -> Result<Vec<PathBuf>> {
        match retention {
            Retention::Forever => Ok(Vec::new()),
            Retention::Age(age) => self.paths(
                "SELECT path FROM archive WHERE applied_at <= ?1",
                [chrono::Utc::now().timestamp() - age.as_secs().cast_signed()],
            ),
            Retention::Count(count) => {
                let count = count.min(i64::MAX as u64).cast_signed();
                let mut expired = Vec::new();
                for table in tables.map_or_else(|| self.with_more_files_than(count), |tables| Ok(tables.to_vec()))? {
                    expired.extend(self.paths(
                        "SELECT path FROM archive WHERE schema = ?1 AND name = ?2 ORDER BY path DESC LIMIT -1 OFFSET ?3",
                        params![table.schema, table.table, count],
                    )?);
                }
                Ok(expired)
            }
        }
    }

    fn with_more_files_than(&self, count: i64) -> Result<Vec<TableName>> {
        self.read(|ledger| {
            let mut statement =
                ledger.db.prepare("SELECT schema, name FROM archive GROUP BY schema, name HAVING count(*) > ?1")?;
            Ok(statement.query_map([count], name)?.collect::<Result<_, _>>()?)
        })
    }

    /// Files of one table known to be applied.
    ///
    /// # Errors
    /// `State`: the file cannot be read.
    pub fn archived_of(&self, table: &TableName) -> Result<Vec<PathBuf>> {
        self.paths("SELECT path FROM archive WHERE schema = ?1 AND name = ?2", params![table.schema, table.table])
    }

    /// Forgets files that were removed.
    pub fn unarchive(&mut self, paths: Vec<PathBuf>) {
        if !paths.is_empty() {
            self.writes.push(Write::Unarchive(paths));
        }
    }

    /// Takes in a file that an earlier state of this folder had applied.
    pub fn adopt(&mut self, table: &TableName, path: PathBuf) {
        self.writes.push(Write::Archive { table: table.clone(), paths: vec![path] });
    }

    fn paths(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<PathBuf>> {
        self.read(|ledger| {
            let mut statement = ledger.db.prepare(sql)?;
            let paths = statement.query_map(parameters, |row| Ok(PathBuf::from(row.get::<_, String>(0)?)))?;
            Ok(paths.collect::<Result<_, _>>()?)
        })
    }

    pub(super) fn read<T>(&self, work: impl FnOnce(&Self) -> Result<T, Failure>) -> Result<T> {
        work(self).map_err(|failure| failure.into_error(&self.path))
    }
}

pub(super) fn add(db: &Transaction<'_>, table: &TableName, paths: &[PathBuf]) -> Result<(), Failure> {
    let now = chrono::Utc::now().timestamp();
    let mut insert =
        db.prepare("INSERT OR REPLACE INTO archive (path, schema, name, applied_at) VALUES (?1, ?2, ?3, ?4)")?;
    for path in paths {
        insert.execute(params![path.to_string_lossy(), table.schema, table.table, now])?;
    }
    Ok(())
}

/// The files stay where they are, under their tables' former names. By way of names that no table has: two may have exchanged theirs.
pub(super) fn rename(db: &Transaction<'_>, names: &[(TableName, TableName)]) -> Result<(), Failure> {
    let mut rename = db.prepare("UPDATE archive SET schema = ?3, name = ?4 WHERE schema = ?1 AND name = ?2")?;
    let between = |at: usize| TableName::new("", at.to_string());
    for (at, (from, _)) in names.iter().enumerate() {
        rename.execute(params![from.schema, from.table, between(at).schema, between(at).table])?;
    }
    for (at, (_, to)) in names.iter().enumerate() {
        rename.execute(params![between(at).schema, between(at).table, to.schema, to.table])?;
    }
    Ok(())
}

pub(super) fn remove(db: &Transaction<'_>, paths: &[PathBuf]) -> Result<(), Failure> {
    let mut delete = db.prepare("DELETE FROM archive WHERE path = ?1")?;
    for path in paths {
        delete.execute([path.to_string_lossy()])?;
    }
    Ok(())
}
