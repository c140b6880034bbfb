//! The staging table of a full copy: takes in the copy's Parquet files in their order, in short transactions of its own while
//! the source is still being read; complete, it takes the place of the lake table ([`super::swap`]).
//!
//! `_pg2duck.staging` says which files it holds, written in the transaction that loads them: a crash costs nothing, and the
//! files of one copy are never taken for those of another.

use super::{Lake, batches, failure, is_out_of_memory};
use crate::config::Memory;
use crate::error::Result;
use crate::frame::parquet::{Batch, BatchKind};
use crate::names::{TableName, literal, quote, quote_list};
use crate::state::{Layout, Pending};
use duckdb::params;
use std::path::Path;

/// How far each staging table is: the copy's first `files` files, of which the last is named.
pub(super) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS _pg2duck.staging (
        source_schema VARCHAR NOT NULL, source_table VARCHAR NOT NULL,
        lake_schema VARCHAR NOT NULL, lake_table VARCHAR NOT NULL,
        files BIGINT NOT NULL, last_file VARCHAR NOT NULL);
";

/// A small working memory is enough for loading most tables, and more would only be filled. Where it is not (hundreds of
/// columns, values of megabytes), the load is tried again with what is configured. It holds until the file is closed, since
/// the commit and the checkpoint would fill more, too.
const LOADING_MEMORY: Memory = Memory::megabytes(64);
/// Files per INSERT, for a statement of sane length.
const FILES_AT_ONCE: usize = 100;

/// A full copy of a table, as far as it was read.
#[derive(Debug, Clone)]
pub struct Copy {
    pub source: TableName,
    pub lake: TableName,
    pub layout: Layout,
    /// Its files, in the order in which they were read.
    pub batches: Vec<Batch>,
}

impl From<&Pending> for Copy {
    fn from(pending: &Pending) -> Self {
        let batches = pending.batches.iter().filter(|batch| batch.kind == BatchKind::Bootstrap).cloned().collect();
        Self { source: pending.table.clone(), lake: pending.lake.clone(), layout: pending.layout.clone(), batches }
    }
}

/// What a staging table holds.
struct Staged {
    source: TableName,
    lake: TableName,
    files: usize,
    last_file: String,
}

/// The staging table of a lake table.
pub(super) fn staging(lake: &TableName) -> TableName {
    TableName::new(&lake.schema, format!("_pg2duck_staging_{}", lake.table))
}

impl Lake {
    /// Takes in the first `files` of the copy's files, in a transaction of its own; returns how many the table holds then.
    ///
    /// # Errors
    /// As for applying; nothing has changed then.
    pub fn load_ahead(&self, archive: &Path, copy: &Copy, files: usize) -> Result<usize> {
        self.prepare_metadata()?;
        let held = self.held(copy)?;
        if held >= files {
            return Ok(held);
        }
        let attempt = || {
            self.execute("begin", "BEGIN")?;
            let operation = format!("load {}", copy.lake);
            self.execute(&operation, &format!("CREATE SCHEMA IF NOT EXISTS {}", quote(&copy.lake.schema)))?;
            self.fill_staging(archive, copy, files)?;
            self.note_staging(copy, files)?;
            self.execute("commit", "COMMIT")
        };
        let mut outcome = attempt();
        if let Err(error) = &outcome {
            // The transaction is aborted; a failed ROLLBACK would only say so again.
            let _ = self.db.execute_batch("ROLLBACK");
            if is_out_of_memory(&error.to_string()) && !self.generous.replace(true) {
                outcome = attempt();
            }
        }
        outcome.map(|()| files)
    }

    /// Makes the staging table hold all of the copy: as a part of the transaction under way, and with little memory and one
    /// thread from here on.
    pub(super) fn complete_staging(&self, archive: &Path, copy: &Copy) -> Result<()> {
        self.fill_staging(archive, copy, copy.batches.len())
    }

    fn fill_staging(&self, archive: &Path, copy: &Copy, files: usize) -> Result<()> {
        self.limit_memory(if self.generous.get() { Memory::MAX } else { LOADING_MEMORY })?;
        // With more threads, and this little memory, they only wait for each other (measured: 4.4 s of one core against
        // 5.8 s of two), and the other cores read the source.
        self.use_threads(1)?;
        let held = self.held(copy)?;
        if held == 0 {
            self.create(copy, &staging(&copy.lake))?;
        }
        copy.batches[held..files].chunks(FILES_AT_ONCE).try_for_each(|some| self.load(archive, copy, some))
    }

    fn load(&self, archive: &Path, copy: &Copy, files: &[Batch]) -> Result<()> {
        let Some(rows) = batches::rows(archive, files, BatchKind::Bootstrap, &copy.layout) else { return Ok(()) };
        let columns = quote_list(copy.layout.columns.iter().map(|column| column.name.as_str()));
        let table = staging(&copy.lake).quoted();
        self.execute(&format!("load {}", copy.lake), &format!("INSERT INTO {table} ({columns}) {rows}"))
    }

    /// An empty table of the source's columns and the mode's.
    pub(super) fn create(&self, copy: &Copy, table: &TableName) -> Result<()> {
        let source =
            copy.layout.columns.iter().map(|column| format!("{} {}", quote(&column.name), column.kind.lake_type()));
        let metadata = copy.layout.mode.metadata().iter().map(|(name, kind)| format!("{} {kind}", quote(name)));
        let columns = source.chain(metadata).collect::<Vec<_>>().join(", ");
        self.execute(&format!("load {}", copy.lake), &format!("CREATE OR REPLACE TABLE {} ({columns})", table.quoted()))
    }

    /// How many of the copy's files the staging table holds.
    fn held(&self, copy: &Copy) -> Result<usize> {
        let rows = self.staged()?;
        let row = rows.iter().find(|row| row.source == copy.source && row.lake == copy.lake);
        let last = row.and_then(|row| copy.batches.get(row.files.checked_sub(1)?));
        match (row, last) {
            (Some(row), Some(last)) if last.path.to_string_lossy() == row.last_file => Ok(row.files),
            _ => Ok(0),
        }
    }

    fn staged(&self) -> Result<Vec<Staged>> {
        let read = || -> Result<Vec<Staged>, duckdb::Error> {
            let mut statement = self.db.prepare(
                "SELECT source_schema, source_table, lake_schema, lake_table, files, last_file FROM _pg2duck.staging",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(Staged {
                    source: TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?),
                    lake: TableName::new(row.get::<_, String>(2)?, row.get::<_, String>(3)?),
                    files: row.get::<_, u64>(4)? as usize,
                    last_file: row.get(5)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| failure("read _pg2duck.staging", &error))
    }

    /// Drops the staging tables of copies that will never be completed: all but those of source tables `under_way`.
    pub fn drop_abandoned_staging(&self, mut under_way: impl FnMut(&TableName) -> Result<bool>) -> Result<()> {
        for Staged { source, lake, .. } in self.staged()? {
            if !under_way(&source)? {
                self.execute("drop staging", &format!("DROP TABLE IF EXISTS {}", staging(&lake).quoted()))?;
                self.forget_staging(&source)?;
            }
        }
        Ok(())
    }

    fn note_staging(&self, copy: &Copy, files: usize) -> Result<()> {
        self.forget_staging(&copy.source)?;
        let Some(last) = copy.batches[..files].last() else { return Ok(()) };
        let values = [&copy.source.schema, &copy.source.table, &copy.lake.schema, &copy.lake.table];
        let values = values.map(|name| literal(name)).join(", ");
        let last = literal(&last.path.to_string_lossy());
        self.execute(
            "write _pg2duck.staging",
            &format!("INSERT INTO _pg2duck.staging VALUES ({values}, {files}, {last})"),
        )
    }

    /// Notes that there is no staging table of this source table any more.
    pub(super) fn forget_staging(&self, source: &TableName) -> Result<()> {
        let sql = "DELETE FROM _pg2duck.staging WHERE (source_schema, source_table) = (?, ?)";
        let deleted = self.db.execute(sql, params![source.schema, source.table]);
        deleted.map(drop).map_err(|error| failure("write _pg2duck.staging", &error))
    }
}
