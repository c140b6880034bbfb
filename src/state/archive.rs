//! The archive's files: which batches the lake has applied, and when. Only those may be cleaned up.

use super::{Failure, Pending, State};
use crate::config::Retention;
use crate::error::Result;
use crate::names::TableName;
use rusqlite::params;
use std::path::PathBuf;

pub(super) fn applied(db: &rusqlite::Transaction<'_>, pending: &Pending) -> Result<(), Failure> {
    let now = chrono::Utc::now().timestamp();
    for batch in &pending.batches {
        db.execute(
            "INSERT OR REPLACE INTO archive (path, schema, name, applied_at) VALUES (?1, ?2, ?3, ?4)",
            params![batch.path.to_string_lossy(), pending.table.schema, pending.table.table, now],
        )?;
    }
    Ok(())
}

impl State {
    /// Applied files that the retention no longer keeps.
    pub fn expired(&mut self, retention: Retention) -> Result<Vec<PathBuf>> {
        self.run(|db| {
            let (sql, limit) = match retention {
                Retention::Forever => return Ok(Vec::new()),
                Retention::Age(age) => (
                    "SELECT path FROM archive WHERE applied_at <= ?1",
                    chrono::Utc::now().timestamp() - age.as_secs().cast_signed(),
                ),
                Retention::Count(count) => (
                    "SELECT path FROM (SELECT path, row_number() OVER (PARTITION BY schema, name ORDER BY path DESC) AS age \
                     FROM archive) WHERE age > ?1",
                    count.min(i64::MAX as u64).cast_signed(),
                ),
            };
            let mut statement = db.prepare(sql)?;
            let paths = statement.query_map([limit], |row| Ok(PathBuf::from(row.get::<_, String>(0)?)))?;
            Ok(paths.collect::<Result<_, _>>()?)
        })
    }

    /// Forgets a file that was removed.
    pub fn forget_file(&mut self, path: &std::path::Path) -> Result<()> {
        self.run(|db| Ok(db.execute("DELETE FROM archive WHERE path = ?1", [path.to_string_lossy()]).map(drop)?))
    }

    /// Files of one table known to be applied.
    pub fn archived_of(&mut self, table: &TableName) -> Result<Vec<PathBuf>> {
        self.run(|db| {
            let mut statement = db.prepare("SELECT path FROM archive WHERE schema = ?1 AND name = ?2")?;
            let paths = statement
                .query_map([&table.schema, &table.table], |row| Ok(PathBuf::from(row.get::<_, String>(0)?)))?;
            Ok(paths.collect::<Result<_, _>>()?)
        })
    }

    /// All files known to be applied.
    pub fn archived(&mut self) -> Result<Vec<PathBuf>> {
        self.run(|db| {
            let mut statement = db.prepare("SELECT path FROM archive")?;
            let paths = statement.query_map([], |row| Ok(PathBuf::from(row.get::<_, String>(0)?)))?;
            Ok(paths.collect::<Result<_, _>>()?)
        })
    }

    /// Takes in a file that an earlier state of this folder had applied.
    pub fn adopt(&mut self, table: &TableName, path: &std::path::Path) -> Result<()> {
        self.run(|db| {
            db.execute(
                "INSERT OR IGNORE INTO archive (path, schema, name, applied_at) VALUES (?1, ?2, ?3, ?4)",
                params![path.to_string_lossy(), table.schema, table.table, chrono::Utc::now().timestamp()],
            )?;
            Ok(())
        })
    }
}
