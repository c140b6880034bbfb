//! The staging table of a bootstrap: takes in the bootstrap's Parquet files in their order, in short transactions of its own
//! while the source is still being read; complete, it takes the place of the lake table ([`super::swap`]).
//!
//! `_pg2duck.staging` says which files it holds, written in the transaction that loads them: a crash costs nothing, and the
//! files of one bootstrap are never taken for those of another.

use super::key::key_names;
use super::metadata::{of_lake_table, of_origin, texts};
use super::table::{in_lake, ours};
use super::{Lake, batches, key};
use crate::config::Memory;
use crate::error::Result;
use crate::model::sql::{Ident, Lit, Sql};
use crate::model::{Batch, BatchKind, ChangeSet, TableName, TableSchema};
use crate::sql;
use std::path::Path;

/// How far each staging table is: the bootstrap's first `files` files, of which the last is named; whether its key is declared.
pub(super) fn table() -> Sql {
    sql!(
        "CREATE TABLE IF NOT EXISTS {} (
            source_schema VARCHAR NOT NULL, source_table VARCHAR NOT NULL,
            lake_schema VARCHAR NOT NULL, lake_table VARCHAR NOT NULL,
            files BIGINT NOT NULL, last_file VARCHAR NOT NULL, keyed BOOLEAN NOT NULL, origin VARCHAR);",
        ours("staging")
    )
}

/// Megabytes. A small working memory is enough for loading most tables, and more would only be filled. Where it is not (large
/// values, say), the load is tried again with what is configured. It holds until the file is closed, since the commit and the
/// checkpoint would fill more, too.
const LOADING_MEMORY: u64 = 64;
/// DuckDB needs blocks of its own for each column that it loads (200 columns: over 128 MB).
const LOADING_MEMORY_PER_COLUMN: u64 = 1;
/// Files per INSERT, for a statement of sane length.
const FILES_AT_ONCE: usize = 100;

/// A bootstrap of a table, as far as it was read.
#[derive(Debug, Clone)]
pub struct BootstrapLoad {
    pub source: TableName,
    /// The database that it is read from.
    pub origin: Option<String>,
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
            origin: set.origin.clone(),
            lake: set.lake.clone(),
            schema: set.schema.clone(),
            batches,
            rewritten: set.is_rewritten(),
        }
    }
}

/// The first `files` files of a bootstrap.
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

/// The staging table of a lake table. No source's table goes by such a name in the lake ([`super::table::check_name`]).
pub(super) fn staging(lake: &TableName) -> TableName {
    TableName::new(&lake.schema, format!("_pg2duck_staging_{}", lake.table))
}

/// What the staging table becomes where its rows must be written once more before they are shown.
pub(super) fn ready(lake: &TableName) -> TableName {
    TableName::new(&lake.schema, format!("_pg2duck_ready_{}", lake.table))
}

impl Lake {
    /// Takes in parts of bootstraps, in one transaction of its own.
    ///
    /// # Errors
    /// As for applying; nothing has changed then.
    pub fn load_ahead(&self, archive: &Path, parts: &[Part]) -> Result<()> {
        self.prepare_metadata()?;
        let load = || {
            self.execute("begin", &Sql::fixed("BEGIN"))?;
            for part in parts {
                self.create_schema(&part.load.lake)?;
                self.load_part(archive, part)?;
            }
            self.execute("commit", &Sql::fixed("COMMIT"))
        };
        load().inspect_err(|_| self.db.roll_back())
    }

    /// A table that is created, filled and keyed at once has its index written when the file is closed. Of many that get
    /// their keys in the transaction that shows them all, the indexes would stand in memory together, a megabyte each.
    fn load_part(&self, archive: &Path, part: &Part) -> Result<()> {
        let Part { load, files, last } = part;
        let TableSchema { mode, key_proven, .. } = load.schema;
        let rows = load.batches.iter().map(|batch| batch.rows).sum();
        let may_declare = *last && key_proven && !load.rewritten && mode.has_one_row_per_key();
        let held = self.held(load)?;
        let keyed = match &held {
            Some(held) => held.keyed,
            None => may_declare && key::is_declared(self, &load.schema, rows),
        };
        let files = held.as_ref().map_or(*files, |held| held.files.max(*files));
        self.fill_staging(archive, load, files, held.as_ref().map(|held| held.files), keyed)?;
        self.record_staging(load, files, keyed)
    }

    /// Makes the staging table hold all of the bootstrap, as a part of the transaction under way; says whether its key is declared.
    pub(super) fn complete_staging(&self, archive: &Path, load: &BootstrapLoad) -> Result<bool> {
        let held = self.held(load)?;
        self.fill_staging(archive, load, load.batches.len(), held.as_ref().map(|held| held.files), false)?;
        Ok(held.is_some_and(|held| held.keyed))
    }

    /// Loads what is missing of these files, with little memory from here on.
    fn fill_staging(
        &self,
        archive: &Path,
        load: &BootstrapLoad,
        files: usize,
        held: Option<usize>,
        keyed: bool,
    ) -> Result<()> {
        let megabytes = LOADING_MEMORY.max(load.schema.columns.len() as u64 * LOADING_MEMORY_PER_COLUMN);
        self.limit_memory(if self.full_memory.get() { Memory::MAX } else { Memory::megabytes(megabytes) })?;
        if held.is_none() {
            self.create(load, &staging(&load.lake), keyed)?;
        }
        let missing = load.batches.get(held.unwrap_or(0)..files);
        let missing = missing
            .ok_or_else(|| Self::impossible(&format!("load {}", load.lake), "it has fewer files than before"))?;
        missing.chunks(FILES_AT_ONCE).try_for_each(|some| self.load(archive, load, some))
    }

    fn load(&self, archive: &Path, load: &BootstrapLoad, files: &[Batch]) -> Result<()> {
        let files: Vec<&Batch> = files.iter().collect();
        let Some(rows) = batches::rows(archive, &files, BatchKind::Bootstrap, &batches::Columns::of(&load.schema))
        else {
            return Ok(());
        };
        let columns = Sql::names(load.schema.columns.iter().map(|column| column.name.as_str()));
        let statement = sql!("INSERT INTO {} ({}) {}", in_lake(&staging(&load.lake)), columns, rows);
        self.execute(&format!("load {}", load.lake), &statement)
    }

    /// An empty table of the source's columns and the mode's.
    pub(super) fn create(&self, load: &BootstrapLoad, table: &TableName, keyed: bool) -> Result<()> {
        let of_source =
            load.schema.columns.iter().map(|column| sql!("{} {}", Ident(&column.name), column.kind.in_sql()));
        let metadata = load
            .schema
            .metadata()
            .into_iter()
            .map(|(name, kind)| sql!("{} {}{}", Ident(name), Sql::fixed(kind), read_by(name)));
        let key = keyed.then(|| sql!("PRIMARY KEY ({})", key_names(&load.schema.key)));
        let columns = Sql::join(of_source.chain(metadata).chain(key), ", ");
        let statement = sql!("CREATE OR REPLACE TABLE {} ({})", in_lake(table), columns);
        self.execute(&format!("load {}", load.lake), &statement)
    }

    /// What the staging table holds of this bootstrap.
    fn held(&self, load: &BootstrapLoad) -> Result<Option<Staged>> {
        let is_of_load = |staged: &Staged| {
            let last = staged.files.checked_sub(1).and_then(|at| load.batches.get(at));
            staged.source == load.source
                && staged.lake == load.lake
                && last.is_some_and(|last| last.path.to_string_lossy() == staged.last_file)
        };
        Ok(self.staged_where(&of_lake_table(&load.lake))?.into_iter().find(is_of_load))
    }

    fn staged_where(&self, condition: &Sql) -> Result<Vec<Staged>> {
        let statement = sql!(
            "SELECT source_schema, source_table, lake_schema, lake_table, files, last_file, keyed FROM {} WHERE {}",
            ours("staging"),
            condition
        );
        self.rows("read _pg2duck.staging", &statement, |row| {
            Ok(Staged {
                source: TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?),
                lake: TableName::new(row.get::<_, String>(2)?, row.get::<_, String>(3)?),
                files: row.get::<_, u64>(4)? as usize,
                last_file: row.get(5)?,
                keyed: row.get(6)?,
            })
        })
    }

    /// Drops the staging tables of this database's bootstraps that will never be completed: all but those of source tables `under_way`.
    pub fn drop_abandoned_staging(
        &self,
        origin: Option<&String>,
        succeeds: &[String],
        mut under_way: impl FnMut(&TableName) -> bool,
    ) -> Result<()> {
        for Staged { source, lake, .. } in self.staged_where(&of_origin(origin, succeeds))? {
            if !under_way(&source) {
                self.execute("drop staging", &sql!("DROP TABLE IF EXISTS {}", in_lake(&staging(&lake))))?;
                self.forget_staging(&lake)?;
            }
        }
        Ok(())
    }

    fn record_staging(&self, load: &BootstrapLoad, files: usize, keyed: bool) -> Result<()> {
        self.forget_staging(&load.lake)?;
        let Some(last) = load.batches[..files].last() else { return Ok(()) };
        let names = texts([&load.source.schema, &load.source.table, &load.lake.schema, &load.lake.table]);
        let origin = load.origin.as_ref().map_or(Sql::fixed("NULL"), |origin| sql!("{}", Lit(origin)));
        let last = last.path.to_string_lossy();
        let statement = sql!(
            "INSERT INTO {} VALUES ({}, {}, {}, {}, {})",
            ours("staging"),
            names,
            files,
            Lit(&last),
            keyed,
            origin
        );
        self.execute("write _pg2duck.staging", &statement)
    }

    /// Records that there is no staging table of this lake table any more.
    pub(super) fn forget_staging(&self, lake: &TableName) -> Result<()> {
        let statement = sql!("DELETE FROM {} WHERE {}", ours("staging"), of_lake_table(lake));
        self.execute("write _pg2duck.staging", &statement)
    }
}

/// What a row that was copied tells of itself.
fn read_by(name: &str) -> Sql {
    Sql::fixed(if name == "_op" { " DEFAULT 'r'" } else { "" })
}
