//! The staging table of a full copy: takes in the copy's Parquet files in their order, in short transactions of its own while
//! the source is still being read; complete, it takes the place of the lake table ([`super::swap`]).
//!
//! `_pg2duck.staging` says which files it holds, written in the transaction that loads them: a crash costs nothing, and the
//! files of one copy are never taken for those of another.

use super::{Lake, batches, failure, is_out_of_memory, key};
use crate::config::Memory;
use crate::error::Result;
use crate::model::sql::{literal, quote, quote_list};
use crate::model::{Batch, BatchKind, ChangeSet, TableName, TableSchema};
use std::path::Path;

/// How far each staging table is: the copy's first `files` files, of which the last is named; whether its key is declared.
pub(super) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS _pg2duck.staging (
        source_schema VARCHAR NOT NULL, source_table VARCHAR NOT NULL,
        lake_schema VARCHAR NOT NULL, lake_table VARCHAR NOT NULL,
        files BIGINT NOT NULL, last_file VARCHAR NOT NULL, keyed BOOLEAN NOT NULL);
";

/// Megabytes. A small working memory is enough for loading most tables, and more would only be filled. Where it is not (large
/// values, say), the load is tried again with what is configured. It holds until the file is closed, since the commit and the
/// checkpoint would fill more, too.
const LOADING_MEMORY: u64 = 64;
/// DuckDB needs blocks of its own for each column that it loads (200 columns: over 128 MB).
const LOADING_MEMORY_PER_COLUMN: u64 = 1;
/// Files per INSERT, for a statement of sane length.
const FILES_AT_ONCE: usize = 100;

/// A full copy of a table, as far as it was read.
#[derive(Debug, Clone)]
pub struct BootstrapLoad {
    pub source: TableName,
    pub lake: TableName,
    pub schema: TableSchema,
    /// Its files, in the order in which they were read.
    pub batches: Vec<Batch>,
    /// A key may occur twice in them.
    pub rewritten: bool,
}

impl From<&ChangeSet> for BootstrapLoad {
    fn from(set: &ChangeSet) -> Self {
        let batches = set.of_kind(BatchKind::Bootstrap).cloned().collect();
        Self {
            source: set.table.clone(),
            lake: set.lake.clone(),
            schema: set.schema.clone(),
            batches,
            rewritten: set.is_rewritten(),
        }
    }
}

/// The first `files` files of a copy.
#[derive(Debug, Clone)]
pub struct Part {
    pub load: BootstrapLoad,
    pub files: usize,
    /// There are no others.
    pub last: bool,
}

/// What a staging table holds.
struct Staged {
    source: TableName,
    lake: TableName,
    files: usize,
    last_file: String,
    keyed: bool,
}

/// The staging table of a lake table.
pub(super) fn staging(lake: &TableName) -> TableName {
    TableName::new(&lake.schema, format!("_pg2duck_staging_{}", lake.table))
}

impl Lake {
    /// Takes in parts of copies, in one transaction of its own.
    ///
    /// # Errors
    /// As for applying; nothing has changed then.
    pub fn load_ahead(&self, archive: &Path, parts: &[Part]) -> Result<()> {
        self.prepare_metadata()?;
        let attempt = || {
            self.execute("begin", "BEGIN")?;
            for part in parts {
                let schema = quote(&part.load.lake.schema);
                self.execute(&format!("load {}", part.load.lake), &format!("CREATE SCHEMA IF NOT EXISTS {schema}"))?;
                self.load_part(archive, part)?;
            }
            self.execute("commit", "COMMIT")
        };
        let mut outcome = attempt();
        if let Err(error) = &outcome {
            // The transaction is aborted; a failed ROLLBACK would only say so again.
            let _ = self.db.execute_batch("ROLLBACK");
            if is_out_of_memory(&error.to_string()) && !self.full_memory.replace(true) {
                outcome = attempt();
            }
        }
        outcome
    }

    /// A table that is created, filled and keyed at once has its index written when the file is closed. Of many that get
    /// their keys in the transaction that shows them all, the indexes would stand in memory together, a megabyte each.
    fn load_part(&self, archive: &Path, part: &Part) -> Result<()> {
        let Part { load: copy, files, last } = part;
        let TableSchema { mode, key_proven, .. } = copy.schema;
        let rows = copy.batches.iter().map(|batch| batch.rows).sum();
        let may_declare = *last && key_proven && !copy.rewritten && mode.has_one_row_per_key();
        let held = self.held(copy)?;
        let keyed = match &held {
            Some(held) => held.keyed,
            None => may_declare && key::is_declared(self, &copy.schema, rows),
        };
        let files = held.as_ref().map_or(*files, |held| held.files.max(*files));
        self.fill_staging(archive, copy, files, held.as_ref().map(|held| held.files), keyed)?;
        self.record_staging(copy, files, keyed)
    }

    /// Makes the staging table hold all of the copy, as a part of the transaction under way; says whether its key is declared.
    pub(super) fn complete_staging(&self, archive: &Path, copy: &BootstrapLoad) -> Result<bool> {
        let held = self.held(copy)?;
        self.fill_staging(archive, copy, copy.batches.len(), held.as_ref().map(|held| held.files), false)?;
        Ok(held.is_some_and(|held| held.keyed))
    }

    /// Loads what is missing of these files, with little memory from here on.
    fn fill_staging(
        &self,
        archive: &Path,
        copy: &BootstrapLoad,
        files: usize,
        held: Option<usize>,
        keyed: bool,
    ) -> Result<()> {
        let megabytes = LOADING_MEMORY.max(copy.schema.columns.len() as u64 * LOADING_MEMORY_PER_COLUMN);
        self.limit_memory(if self.full_memory.get() { Memory::MAX } else { Memory::megabytes(megabytes) })?;
        if held.is_none() {
            self.create(copy, &staging(&copy.lake), keyed)?;
        }
        let missing = copy.batches.get(held.unwrap_or_default()..files).unwrap_or_default();
        missing.chunks(FILES_AT_ONCE).try_for_each(|some| self.load(archive, copy, some))
    }

    fn load(&self, archive: &Path, copy: &BootstrapLoad, files: &[Batch]) -> Result<()> {
        let Some(rows) = batches::rows(archive, &files.iter().collect::<Vec<_>>(), BatchKind::Bootstrap, &copy.schema)
        else {
            return Ok(());
        };
        let columns = quote_list(copy.schema.columns.iter().map(|column| column.name.as_str()));
        let table = staging(&copy.lake).quoted();
        self.execute(&format!("load {}", copy.lake), &format!("INSERT INTO {table} ({columns}) {rows}"))
    }

    /// An empty table of the source's columns and the mode's.
    pub(super) fn create(&self, copy: &BootstrapLoad, table: &TableName, keyed: bool) -> Result<()> {
        let source =
            copy.schema.columns.iter().map(|column| format!("{} {}", quote(&column.name), column.kind.lake_type()));
        let metadata = copy.schema.mode.metadata().iter().map(|(name, kind)| format!("{} {kind}", quote(name)));
        let key = quote_list(copy.schema.key.iter().map(String::as_str));
        let key = keyed.then(|| format!("PRIMARY KEY ({key})"));
        let columns = source.chain(metadata).chain(key).collect::<Vec<_>>().join(", ");
        self.execute(&format!("load {}", copy.lake), &format!("CREATE OR REPLACE TABLE {} ({columns})", table.quoted()))
    }

    /// What the staging table holds of this copy.
    fn held(&self, copy: &BootstrapLoad) -> Result<Option<Staged>> {
        let is_of_copy = |staged: &Staged| {
            let last = staged.files.checked_sub(1).and_then(|at| copy.batches.get(at));
            staged.source == copy.source
                && staged.lake == copy.lake
                && last.is_some_and(|last| last.path.to_string_lossy() == staged.last_file)
        };
        Ok(self.staged_where(&format!("WHERE {}", of_source(&copy.source)))?.into_iter().find(is_of_copy))
    }

    fn staged_where(&self, condition: &str) -> Result<Vec<Staged>> {
        let read = || -> Result<Vec<Staged>, duckdb::Error> {
            let mut statement = self.db.prepare(&format!(
                "SELECT source_schema, source_table, lake_schema, lake_table, files, last_file, keyed \
                 FROM _pg2duck.staging {condition}"
            ))?;
            let rows = statement.query_map([], |row| {
                Ok(Staged {
                    source: TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?),
                    lake: TableName::new(row.get::<_, String>(2)?, row.get::<_, String>(3)?),
                    files: row.get::<_, u64>(4)? as usize,
                    last_file: row.get(5)?,
                    keyed: row.get(6)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| failure("read _pg2duck.staging", &error))
    }

    /// Drops the staging tables of copies that will never be completed: all but those of source tables `under_way`.
    pub fn drop_abandoned_staging(&self, mut under_way: impl FnMut(&TableName) -> Result<bool>) -> Result<()> {
        for Staged { source, lake, .. } in self.staged_where("")? {
            if !under_way(&source)? {
                self.execute("drop staging", &format!("DROP TABLE IF EXISTS {}", staging(&lake).quoted()))?;
                self.forget_staging(&source)?;
            }
        }
        Ok(())
    }

    fn record_staging(&self, copy: &BootstrapLoad, files: usize, keyed: bool) -> Result<()> {
        self.forget_staging(&copy.source)?;
        let Some(last) = copy.batches[..files].last() else { return Ok(()) };
        let values = [&copy.source.schema, &copy.source.table, &copy.lake.schema, &copy.lake.table];
        let values = values.map(|name| literal(name)).join(", ");
        let last = literal(&last.path.to_string_lossy());
        self.execute(
            "write _pg2duck.staging",
            &format!("INSERT INTO _pg2duck.staging VALUES ({values}, {files}, {last}, {keyed})"),
        )
    }

    /// Notes that there is no staging table of this source table any more.
    pub(super) fn forget_staging(&self, source: &TableName) -> Result<()> {
        self.execute("write _pg2duck.staging", &format!("DELETE FROM _pg2duck.staging WHERE {}", of_source(source)))
    }
}

fn of_source(source: &TableName) -> String {
    format!("(source_schema, source_table) = ({}, {})", literal(&source.schema), literal(&source.table))
}
