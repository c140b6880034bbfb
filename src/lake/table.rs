//! What a lake table looks like now.

use super::file::NAME as CATALOG;
use super::{Lake, failure};
use crate::error::Result;
use crate::model::TableName;
use std::collections::HashSet;

/// A column of a lake table, its type as DuckDB prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeColumn {
    pub name: String,
    pub kind: String,
}

impl Lake {
    /// The columns of a table or view in order; none when there is no such table.
    ///
    /// Looked up by name: DuckDB's tables of columns would be made of all columns of all tables.
    pub fn columns(&self, table: &TableName) -> Result<Vec<LakeColumn>> {
        let read = || -> Result<Vec<LakeColumn>, duckdb::Error> {
            let sql = format!("SELECT column_name, column_type FROM (DESCRIBE {CATALOG}.{})", table.quoted());
            let mut statement = self.db.prepare(&sql)?;
            let rows = statement.query_map([], |row| Ok(LakeColumn { name: row.get(0)?, kind: row.get(1)? }))?;
            rows.collect()
        };
        match read() {
            Err(error) if error.to_string().contains("does not exist") => Ok(Vec::new()),
            columns => columns.map_err(|error| failure(format!("describe lake table {table}"), &error)),
        }
    }

    /// Whether a table or view of this name stands in the lake.
    pub fn has_relation(&self, table: &TableName) -> Result<bool> {
        Ok(!self.columns(table)?.is_empty())
    }

    /// Whether a table, and not a view, of this name stands in the lake.
    pub(super) fn is_table(&self, table: &TableName) -> Result<bool> {
        Ok(self.tables()?.contains(&table.folded()))
    }

    /// The names of all tables, folded.
    pub fn tables(&self) -> Result<HashSet<TableName>> {
        let read = || -> Result<HashSet<TableName>, duckdb::Error> {
            let sql = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database()";
            let mut statement = self.db.prepare(sql)?;
            let name = |row: &duckdb::Row<'_>| Ok(TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?));
            let names = statement.query_map([], name)?;
            names.map(|name| Ok(name?.folded())).collect()
        };
        read().map_err(|error| failure("list lake tables", &error))
    }

    /// Rows in a table, from its metadata.
    pub fn count(&self, table: &TableName) -> Result<u64> {
        self.db
            .query_row(&format!("SELECT count(*) FROM {}", table.quoted()), [], |row| row.get(0))
            .map_err(|error| failure(format!("count {table}"), &error))
    }

    /// Runs statements that return nothing.
    pub(super) fn execute(&self, operation: &str, sql: &str) -> Result<()> {
        self.db.execute_batch(sql).map_err(|error| failure(operation, &error))
    }
}
