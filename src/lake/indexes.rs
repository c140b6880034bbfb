//! Indexes that users made on lake tables. None is ours: upserts need none, and a declared key is no index by itself here.
//!
//! DuckDB 1.5 alters no table with an index, so the index steps aside and is built anew afterwards; `_pg2duck.indexes` knows it meanwhile.
//! And replaying a log it may lose entries of such indexes (duckdb#23788, #26828): after an unclean end all are built anew.

use super::Lake;
use super::file::{CATALOG, CATALOG_NAME};
use super::metadata::of_lake_table;
use super::schema::{Shape, fits};
use super::table::{in_lake, ours};
use crate::error::{Error, Result};
use crate::model::sql::{Ident, Lit, Sql, quote};
use crate::model::{ChangeSet, SyncRow, TableName};
use crate::sql;

/// The indexes that step aside; `expressions` as DuckDB writes them in SQL.
pub(super) fn table() -> Sql {
    sql!(
        "CREATE TABLE IF NOT EXISTS {} (
            lake_schema VARCHAR NOT NULL, lake_table VARCHAR NOT NULL, name VARCHAR NOT NULL, is_unique BOOLEAN NOT NULL,
            expressions VARCHAR[] NOT NULL);",
        ours("indexes")
    )
}

struct Index {
    table: TableName,
    name: String,
    unique: bool,
    /// With commas between them.
    expressions: String,
}

impl Lake {
    /// Whether users have any.
    pub(super) fn has_indexes(&self) -> Result<bool> {
        let count = sql!("SELECT count(*) FROM duckdb_indexes() WHERE database_name = {}", Lit(CATALOG_NAME));
        Ok(self.value::<u64>("look for indexes", &count)? > 0)
    }

    /// Builds all of them anew.
    pub(super) fn distrust_indexes(&self) -> Result<()> {
        tracing::info!("the lake was not closed in order: the indexes that users made are built anew");
        self.prepare_metadata()?;
        self.set_indexes_aside(&Sql::fixed("true"))?;
        self.rebuild_indexes()
    }

    /// Drops those of tables that these change sets may alter or replace. In a transaction before theirs: one that has dropped an index
    /// binds it all the same (1.5).
    pub(super) fn make_room(&self, cycle: &[ChangeSet]) -> Result<()> {
        if !self.has_indexes()? {
            return Ok(());
        }
        let mut altered = Vec::new();
        for set in cycle {
            if set.former.is_some() || set.may_change_shape() || !fits(&self.columns(&set.lake)?, &set.schema) {
                altered.push(set);
            }
        }
        let is_altered = |row: &SyncRow| {
            altered.iter().any(|set| {
                row.source == set.table
                    || Some(&row.source) == set.former.as_ref()
                    || row.lake.same_in_duckdb(&set.lake)
            })
        };
        let mut tables = self.sync_rows()?;
        tables.retain(is_altered);
        let names = tables.iter().map(|row| {
            let TableName { schema, table } = row.lake.folded();
            sql!("({}, {})", Lit(&schema), Lit(&table))
        });
        match tables.is_empty() {
            true => Ok(()),
            false => {
                self.set_indexes_aside(&sql!("(lower(schema_name), lower(table_name)) IN ({})", Sql::join(names, ", ")))
            }
        }
    }

    fn set_indexes_aside(&self, which: &Sql) -> Result<()> {
        let operation = "set the lake's indexes aside";
        let from = sql!("FROM duckdb_indexes() WHERE database_name = {} AND ({})", Lit(CATALOG_NAME), which);
        let names = self.rows(operation, &sql!("SELECT schema_name, index_name {}", from), |row| {
            Ok(TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        if names.is_empty() {
            return Ok(());
        }
        let columns = Sql::fixed("schema_name, table_name, index_name, is_unique, expressions::VARCHAR[]");
        let note = sql!("INSERT INTO {} SELECT {} {}", ours("indexes"), columns, from);
        let drop = names.iter().map(|name| sql!("DROP INDEX {}", in_lake(name)));
        // What is noted is in the file before anything is dropped: a log that has both is not always replayed.
        self.execute(operation, &note)?;
        self.checkpoint()?;
        self.in_one(operation, drop)?;
        self.checkpoint()
    }

    pub(super) fn in_one(&self, operation: &str, statements: impl IntoIterator<Item = Sql>) -> Result<()> {
        let ends = ["BEGIN", "COMMIT"].map(Sql::fixed);
        let [begin, commit] = ends;
        let work = || {
            self.execute(operation, &begin)?;
            statements.into_iter().try_for_each(|statement| self.execute(operation, &statement))?;
            self.execute(operation, &commit)
        };
        work().inspect_err(|_: &Error| self.db.roll_back())
    }

    /// A log in which indexes come and go beside rows is not always replayed (duckdb#22044, #25928), so there is none for long.
    fn checkpoint(&self) -> Result<()> {
        self.execute("checkpoint", &sql!("CHECKPOINT {}", CATALOG))
    }

    /// Has those of a table that stepped aside follow its columns.
    pub(super) fn rename_in_indexes(&self, set: &ChangeSet, shape: &Shape) -> Result<()> {
        let renamed = shape.layout.slots().filter_map(|slot| {
            let before = &slot.before.as_ref()?.name;
            let now = quote(&slot.name);
            (*before != slot.name).then(|| {
                sql!(" WHEN {} THEN {} WHEN {} THEN {}", Lit(before), Lit(&now), Lit(&quote(before)), Lit(&now))
            })
        });
        let renamed = Sql::join(renamed, "");
        if renamed.is_empty() {
            return Ok(());
        }
        let statement = sql!(
            "UPDATE {} SET expressions = list_transform(expressions, lambda part: CASE part{} ELSE part END) WHERE {}",
            ours("indexes"),
            renamed,
            of_lake_table(&set.lake)
        );
        self.execute("rename in _pg2duck.indexes", &statement)
    }

    /// Builds those that stepped aside. One that cannot be is told and gone: a wrong index would be worse than none.
    pub(super) fn rebuild_indexes(&self) -> Result<()> {
        let query = sql!(
            "SELECT lake_schema, lake_table, name, is_unique, array_to_string(expressions, ', ') FROM {}",
            ours("indexes")
        );
        let indexes = self.rows("read _pg2duck.indexes", &query, |row| {
            Ok(Index {
                table: TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?),
                name: row.get(2)?,
                unique: row.get(3)?,
                expressions: row.get(4)?,
            })
        })?;
        if indexes.is_empty() {
            return Ok(());
        }
        self.checkpoint()?;
        for index in indexes {
            let Index { table, name, .. } = &index;
            if let Err(error) = self.rebuild(&index) {
                tracing::warn!(table = %table, "{error}: index {name:?} is gone; create it again as it is to be now");
                self.execute("write _pg2duck.indexes", &forget(&index))?;
            }
        }
        self.checkpoint()
    }

    fn rebuild(&self, index: &Index) -> Result<()> {
        let Index { table, name, unique, expressions } = index;
        let operation = format!("build an index of {table} anew");
        let create = sql!(
            "CREATE {}INDEX IF NOT EXISTS {} ON {} ({})",
            Sql::fixed(if *unique { "UNIQUE " } else { "" }),
            Ident(name),
            in_lake(table),
            Sql::trusted(expressions.clone())
        );
        self.in_one(&operation, [create, forget(index)])
    }

    /// Whether an earlier process left any aside.
    pub(super) fn has_indexes_aside(&self) -> Result<bool> {
        if !self.has_relation(&TableName::new("_pg2duck", "indexes"))? {
            return Ok(false);
        }
        self.value("read _pg2duck.indexes", &sql!("SELECT EXISTS (FROM {})", ours("indexes")))
    }
}

fn forget(index: &Index) -> Sql {
    sql!("DELETE FROM {} WHERE {} AND name = {}", ours("indexes"), of_lake_table(&index.table), Lit(&index.name))
}
