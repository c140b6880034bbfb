//! What a lake table looks like now.

use super::{Lake, failure};
use crate::error::Result;
use crate::names::TableName;
use duckdb::params;

/// A column of a lake table, its type as DuckDB prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeColumn {
    pub name: String,
    pub kind: String,
}

impl Lake {
    /// The columns of a table in order; none when there is no such table.
    pub fn columns(&self, table: &TableName) -> Result<Vec<LakeColumn>> {
        let read = || -> Result<Vec<LakeColumn>, duckdb::Error> {
            let mut statement = self.db.prepare(
                "SELECT column_name, data_type FROM duckdb_columns() \
                 WHERE database_name = current_database() AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?) \
                 ORDER BY column_index",
            )?;
            let rows = statement.query_map(params![table.schema, table.table], |row| {
                Ok(LakeColumn { name: row.get(0)?, kind: row.get(1)? })
            })?;
            rows.collect()
        };
        read().map_err(|error| failure(format!("describe lake table {table}"), &error))
    }

    /// Whether a table or view of this name stands in the lake.
    pub fn has_relation(&self, table: &TableName) -> Result<bool> {
        Ok(!self.columns(table)?.is_empty())
    }

    /// Whether a table, and not a view, of this name stands in the lake.
    pub(super) fn is_table(&self, table: &TableName) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() \
                   AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?))";
        let found = self.db.query_row(sql, params![table.schema, table.table], |row| row.get(0));
        found.map_err(|error| failure(format!("look for {table}"), &error))
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
