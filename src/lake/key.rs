//! The key of a lake table: unique by construction, and declared as PRIMARY KEY where that is affordable.
//!
//! DuckDB builds the index of a declared key in memory, whatever `memory_limit` says, and writes all of it anew whenever the
//! file is closed. Measured on 1.5.5: 50 bytes a row at the peak for a BIGINT (5 M rows: 256 MB), 200 for a UUID (5 M rows:
//! 1,008 MB); closing after an upsert of one row into 700,000: 142 ms with the index, 6.5 ms without. Upserts do not need
//! it: they delete by a join. So with `DUCKDB_PRIMARY_KEY=auto` only small tables have the declaration.

use super::{Lake, failure};
use crate::config::DeclareKey;
use crate::error::{Error, Result};
use crate::model::sql::{Ident, Sql};
use crate::model::{ChangeSet, ColumnType, TableName, TableSchema};
use crate::sql;

/// Bytes of index per row at the peak of building it.
const FIXED_WIDTH: u64 = 50;
const OTHER: u64 = 200;
/// The largest index that `auto` declares: 160,000 whole numbers, 40,000 of anything else.
const LARGEST: u64 = 8_000_000;

/// Whether a copy of so many rows declares its key.
pub(super) fn is_declared(lake: &Lake, schema: &TableSchema, rows: u64) -> bool {
    match lake.declare_key {
        DeclareKey::Always => true,
        DeclareKey::Never => false,
        DeclareKey::Auto => rows.saturating_mul(bytes_per_row(schema)) <= LARGEST,
    }
}

fn bytes_per_row(schema: &TableSchema) -> u64 {
    let of_key = |name: &String| schema.columns.iter().find(|column| column.name == *name).map(|column| &column.kind);
    let numeric = |kind: &ColumnType| {
        use ColumnType::{Date, Int2, Int4, Int8, Oid, Timestamp, TimestampTz};
        matches!(kind, Int2 | Int4 | Int8 | Oid | Date | Timestamp | TimestampTz)
    };
    match schema.key.as_slice() {
        [only] if of_key(only).is_some_and(numeric) => FIXED_WIDTH,
        _ => OTHER,
    }
}

/// Checks that the key is one in `rows` (a table), as the declaration would. What the source's own unique index proves is
/// not looked at again.
pub(super) fn check(lake: &Lake, set: &ChangeSet, rows: &Sql, operation: &str) -> Result<()> {
    let TableSchema { key, key_proven, .. } = &set.schema;
    if *key_proven || key.is_empty() {
        return Ok(());
    }
    let missing = key.iter().map(|column| sql!("{} IS NULL", Ident(column)));
    if holds(lake, set, rows, &sql!("WHERE {}", Sql::join(missing, " OR ")))? {
        return Err(null_key(operation, set));
    }
    if holds(lake, set, rows, &sql!("GROUP BY {} HAVING count(*) > 1", key_names(key)))? {
        return Err(not_unique(operation, &set.table, &set.schema));
    }
    Ok(())
}

fn holds(lake: &Lake, set: &ChangeSet, rows: &Sql, rest: &Sql) -> Result<bool> {
    let operation = format!("check the key of {}", set.lake);
    lake.value(&operation, &sql!("SELECT EXISTS (SELECT 1 FROM {} {})", rows, rest))
}

/// The key's columns, with commas between them.
pub(super) fn key_names(key: &[String]) -> Sql {
    Sql::names(key.iter().map(String::as_str))
}

/// A constraint error of the lake speaks of the key that the user gave or that was discovered.
pub(super) fn explain(operation: &str, set: &ChangeSet, error: &duckdb::Error) -> Error {
    let text = error.to_string();
    if text.contains("Duplicate key") || text.contains("PRIMARY KEY or UNIQUE constraint violat") {
        return not_unique(operation, &set.table, &set.schema);
    }
    if text.contains("NOT NULL constraint failed") {
        return null_key(operation, set);
    }
    failure(operation, error)
}

/// The error for a key that some rows share.
pub fn not_unique(operation: &str, table: &TableName, schema: &TableSchema) -> Error {
    Error::table(format!(
        "{operation}: key ({}) is not unique in {table}; name the columns that identify a row with POSTGRES_PRIMARY_KEY or {}",
        schema.key.join(", "),
        table.variable("PRIMARY_KEY")
    ))
}

pub(super) fn null_key(operation: &str, set: &ChangeSet) -> Error {
    Error::table(format!(
        "{operation}: key ({}) is NULL in some row of {}; a key needs a value in every row",
        set.schema.key.join(", "),
        set.table
    ))
}
