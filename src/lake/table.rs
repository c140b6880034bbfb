//! What stands in the lake, asked of its catalog by name; and how statements are run.

use super::file::{CATALOG, CATALOG_NAME};
use super::{Lake, failure};
use crate::error::{Error, Result};
use crate::model::TableName;
use crate::model::sql::{Ident, Lit, Sql};
use crate::sql;
use std::collections::HashSet;

/// A column of a lake table, its type as DuckDB prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeColumn {
    pub name: String,
    pub kind: String,
}

/// The object of the lake that goes by this name, with its catalog: so no schema's name can be taken for a catalog's, and no
/// table's for a file's.
pub(super) fn in_lake(name: &TableName) -> Sql {
    sql!("{}.{}.{}", CATALOG, Ident(&name.schema), Ident(&name.table))
}

/// Whether the lake can hold a source's table under this name; decided by the name alone.
///
/// # Errors
/// Kind `Table`: DuckDB or pg2duck has the name for itself.
pub fn check_name(source: &TableName, lake: &TableName) -> Result<()> {
    let TableName { schema, table } = lake.folded();
    let why = match () {
        // DuckDB shows both in every database and lets nobody create a table there.
        () if ["information_schema", "pg_catalog"].contains(&schema.as_str()) => "DuckDB has that schema for itself",
        () if schema == OURS || table.starts_with("_pg2duck_") => "names that begin so are pg2duck's own",
        () => return Ok(()),
    };
    Err(Error::table(format!("lake table {lake} cannot hold {source}: {why}; give it another name with DUCKDB_TABLE")))
}

/// The schema of what the lake knows of itself.
const OURS: &str = "_pg2duck";

/// The query of a table's columns in order.
///
/// By its name in one text where DuckDB can read that (a `"` inside a name it cannot), which is the fast way: its tables of tables
/// and columns are made anew of all of them (1,000 tables: 14 ms against 0.2).
fn columns_of(table: &TableName) -> Sql {
    if [&table.schema, &table.table].into_iter().any(|name| name.contains('"')) {
        return sql!(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = {} AND lower(schema_name) = lower({}) \
               AND lower(table_name) = lower({}) ORDER BY column_index",
            Lit(CATALOG_NAME),
            Lit(&table.schema),
            Lit(&table.table)
        );
    }
    sql!("SELECT name, type FROM pragma_table_info({})", Lit(in_lake(table).as_str()))
}

/// An object of our own in the lake.
pub(super) fn ours(name: &'static str) -> Sql {
    sql!("{}._pg2duck.{}", CATALOG, Sql::fixed(name))
}

impl Lake {
    /// The columns of a table or view in order; none when there is no such table.
    pub fn columns(&self, table: &TableName) -> Result<Vec<LakeColumn>> {
        let column = |row: &duckdb::Row<'_>| Ok(LakeColumn { name: row.get(0)?, kind: row.get(1)? });
        match self.db.rows(&columns_of(table), column) {
            // The catalog has no such entry.
            Err(error) if error.to_string().starts_with("Catalog Error") => Ok(Vec::new()),
            columns => columns.map_err(|error| failure(format!("describe lake table {table}"), &error)),
        }
    }

    /// Whether a table or view of this name stands in the lake.
    pub fn has_relation(&self, table: &TableName) -> Result<bool> {
        Ok(!self.columns(table)?.is_empty())
    }

    /// Whether a table, and not a view, of this name stands in the lake.
    pub(super) fn is_table(&self, table: &TableName) -> Result<bool> {
        Ok(self.has_relation(table)? && self.tables()?.contains(&table.folded()))
    }

    /// The names of all tables, folded.
    pub fn tables(&self) -> Result<HashSet<TableName>> {
        let sql =
            sql!("SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = {}", Lit(CATALOG_NAME));
        let name = |row: &duckdb::Row<'_>| Ok(TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        Ok(self.rows("list lake tables", &sql, name)?.into_iter().map(|name| name.folded()).collect())
    }

    /// Rows in a table, from its metadata.
    pub fn count(&self, table: &TableName) -> Result<u64> {
        self.value(&format!("count {table}"), &sql!("SELECT count(*) FROM {}", in_lake(table)))
    }

    /// Runs statements that return nothing.
    pub(super) fn execute(&self, operation: &str, sql: &Sql) -> Result<()> {
        self.db.run(sql).map_err(|error| failure(operation, &error))
    }

    /// The one value of a query.
    pub(super) fn value<T: duckdb::types::FromSql>(&self, operation: &str, sql: &Sql) -> Result<T> {
        self.db.row(sql, |row| row.get(0)).map_err(|error| failure(operation, &error))
    }

    /// All rows of a query.
    pub(super) fn rows<T>(
        &self,
        operation: &str,
        sql: &Sql,
        row: impl FnMut(&duckdb::Row<'_>) -> Result<T, duckdb::Error>,
    ) -> Result<Vec<T>> {
        self.db.rows(sql, row).map_err(|error| failure(operation, &error))
    }

    /// What cannot be: a defect of ours.
    pub(super) fn impossible(operation: &str, what: &str) -> Error {
        Error::internal(format!("{operation}: {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_somebody_else_needs_are_refused() {
        let source = TableName::new("public", "orders");
        let check = |schema: &str, table: &str| check_name(&source, &TableName::new(schema, table));
        for fine in ["main", "lake", "temp", "system", "memory", "pg2duck_lake", "_pg2duck2"] {
            assert!(check(fine, "csv").is_ok(), "{fine}");
        }
        for (schema, table) in [
            ("Information_Schema", "t"),
            ("pg_catalog", "t"),
            ("_PG2DUCK", "sync"),
            ("main", "_pg2duck_staging_orders"),
        ] {
            let error = check(schema, table).expect_err("is refused").to_string();
            assert!(error.contains("public.orders") && error.ends_with("with DUCKDB_TABLE"), "{error}");
        }
    }
}
