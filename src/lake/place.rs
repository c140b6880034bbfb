//! Under which name a source table stands in the lake: it takes the name, moves there with all that it holds, or is refused.

use super::Lake;
use super::file::CATALOG;
use super::history::drop_views;
use super::key::key_names;
use super::staging::ready;
use super::table::{in_lake, ours};
use crate::error::{Error, Result};
use crate::model::sql::{Ident, Lit, Sql};
use crate::model::{ChangeSet, Mode, SyncRow, TableName};
use crate::sql;

/// Makes the set's name in the lake its own. Answers whether a table of its mode stands there now.
///
/// # Errors
/// Kind `Table`: the name belongs to another table, or to something that pg2duck did not make; or what the table keeps in another mode
/// would be dropped, and nobody has asked for that.
pub(super) fn take(lake: &Lake, set: &ChangeSet) -> Result<bool> {
    let target = &set.lake;
    lake.create_schema(target)?;
    let rows = lake.sync_rows_about(set)?;
    let (own, others): (Vec<SyncRow>, Vec<SyncRow>) =
        rows.into_iter().partition(|row| row.source == set.table || Some(&row.source) == set.former.as_ref());
    if let Some(other) = others.iter().find(|row| row.lake.same_in_duckdb(target)) {
        return Err(Error::table(format!(
            "lake table {target} already holds {}; give {} another name with DUCKDB_TABLE",
            other.source, set.table
        )));
    }
    let own = own.into_iter().next();
    let is_own = own.as_ref().is_some_and(|row| row.lake.same_in_duckdb(target));
    if !is_own && lake.has_relation(target)? {
        return Err(Error::table(format!(
            "lake table {target} exists and was not made by pg2duck; rename it, or set DUCKDB_TABLE to another name"
        )));
    }
    let Some(own) = own else { return Ok(false) };
    if own.source != set.table {
        rename_source(lake, &own.source, &set.table)?;
    }
    if !lake.has_relation(&own.lake)? {
        return Ok(false);
    }
    if own.mode != set.schema.mode.name() {
        give_up_past(lake, set, &own)?;
        return Ok(false);
    }
    if own.lake != *target {
        rename(lake, set, &own.lake)?;
    }
    Ok(true)
}

/// Drops a table of another mode, if it may be.
fn give_up_past(lake: &Lake, set: &ChangeSet, own: &SyncRow) -> Result<()> {
    let (name, wanted) = (&set.table, set.schema.mode.name());
    let before = Mode::NAMES.iter().find(|(name, _)| *name == own.mode).map(|(_, mode)| *mode);
    if before.is_none_or(Mode::keeps_the_past) && !set.drops_history && lake.count(&own.lake)? > 0 {
        return Err(Error::table(would_drop_history(name, &own.mode, wanted)));
    }
    if before == Some(Mode::History) {
        drop_views(lake, &own.lake)?;
    }
    lake.forget_columns(name)?;
    drop_table(lake, &own.lake)
}

/// The sentence for a table whose past another mode would drop.
pub fn would_drop_history(table: &TableName, before: &str, wanted: &str) -> String {
    format!(
        "the lake holds {table} in mode {before}, and {wanted} is asked for now; to bootstrap it in the new mode, which drops what the \
         old one kept of the past, run: pg2duck resync --drop-history {table}"
    )
}

pub(super) fn drop_table(lake: &Lake, table: &TableName) -> Result<()> {
    lake.execute(&format!("drop {table}"), &sql!("DROP TABLE IF EXISTS {}", in_lake(table)))
}

/// The source table goes by another name now.
fn rename_source(lake: &Lake, before: &TableName, now: &TableName) -> Result<()> {
    for table in ["sync", "columns", "rejects", "batches", "staging"] {
        let statement = sql!(
            "UPDATE {} SET source_schema = {}, source_table = {} WHERE (source_schema, source_table) = ({}, {})",
            ours(table),
            Lit(&now.schema),
            Lit(&now.table),
            Lit(&before.schema),
            Lit(&before.table)
        );
        lake.execute(&format!("rename {before} to {now} in _pg2duck"), &statement)?;
    }
    Ok(())
}

/// Gives the lake table another name. DuckDB moves no table to another schema: there it is written anew.
fn rename(lake: &Lake, set: &ChangeSet, before: &TableName) -> Result<()> {
    let (now, operation) = (&set.lake, format!("rename lake table {before} to {}", set.lake));
    if set.schema.mode == Mode::History {
        drop_views(lake, before)?;
    }
    let rename = |from: &TableName, to: &str| sql!("ALTER TABLE {} RENAME TO {}", in_lake(from), Ident(to));
    let between = TableName::new(&before.schema, ready(before).table);
    let statements = match before.schema.to_lowercase() == now.schema.to_lowercase() {
        // By way of a third name: the new one may differ in case only.
        true => vec![rename(before, &between.table), rename(&between, &now.table)],
        false => {
            let key = super::schema::declared_key(lake, before)?;
            let declare =
                (!key.is_empty()).then(|| sql!("ALTER TABLE {} ADD PRIMARY KEY ({})", in_lake(now), key_names(&key)));
            let copy =
                sql!("CREATE TABLE {} AS FROM {}; DROP TABLE {}", in_lake(now), in_lake(before), in_lake(before));
            [copy].into_iter().chain(declare).collect()
        }
    };
    statements.iter().try_for_each(|statement| lake.execute(&operation, statement))
}

impl Lake {
    /// The schema of a lake table, if it is not there yet.
    pub(super) fn create_schema(&self, table: &TableName) -> Result<()> {
        let statement: Sql = sql!("CREATE SCHEMA IF NOT EXISTS {}.{}", CATALOG, Ident(&table.schema));
        self.execute(&format!("load {table}"), &statement)
    }
}
