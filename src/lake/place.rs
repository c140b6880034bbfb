//! Under which name a source table stands in the lake: it takes the name, moves there with all that it holds, or is refused.

use super::Lake;
use super::file::CATALOG;
use super::history::drop_views;
use super::key::key_names;
use super::schema::declared_key;
use super::table::{in_lake, ours};
use crate::error::{Error, Result};
use crate::model::sql::{Ident, Lit, Sql};
use crate::model::{ChangeSet, Mode, SyncRow, TableName};
use crate::sql;

/// Has tables that the source renamed go by their new names in the lake, all at once: two may have exchanged theirs.
///
/// # Errors
/// The place of the set that cannot go by its new name, and why: of kind `Table`, something else has it.
pub(super) fn follow_renames(lake: &Lake, cycle: &[ChangeSet]) -> Result<(), (usize, Error)> {
    let renamed = || cycle.iter().enumerate().filter_map(|(at, set)| Some((at, set, set.former.as_ref()?)));
    if renamed().next().is_none() {
        return Ok(());
    }
    let rows = lake.sync_rows().map_err(|error| (0, error))?;
    let between = |at: usize| TableName::new("", at.to_string());
    let mut moved = Vec::new();
    for (at, set, former) in renamed() {
        let before = rows.iter().find(|row| row.source == *former);
        if before.is_some_and(|row| !set.continues(row.origin.as_ref())) {
            continue;
        }
        let step = || -> Result<Option<TableName>> {
            rename_source(lake, former, &between(at))?;
            match before.filter(|before| before.lake != set.lake) {
                Some(before) if lake.has_relation(&before.lake)? => set_aside(lake, set, before, at).map(Some),
                _ => Ok(None),
            }
        };
        moved.push((at, set, step().map_err(|error| (at, error))?));
    }
    for (at, set, aside) in moved {
        let step = || {
            rename_source(lake, &between(at), &set.table)?;
            aside.map_or(Ok(()), |aside| rename(lake, set, &aside))
        };
        step().map_err(|error| (at, error))?;
    }
    Ok(())
}

/// Gives the table a name that nobody else has, until the one that it is to have is free.
fn set_aside(lake: &Lake, set: &ChangeSet, before: &SyncRow, at: usize) -> Result<TableName> {
    let aside = TableName::new(&before.lake.schema, format!("_pg2duck_aside_{at}"));
    if before.mode == Mode::History.name() {
        drop_views(lake, &before.lake)?;
    }
    lake.move_indexes(&before.lake, &aside)?;
    let statement = sql!("ALTER TABLE {} RENAME TO {}", in_lake(&before.lake), Ident(&aside.table));
    lake.execute(&format!("rename lake table {} to {}", before.lake, set.lake), &statement)?;
    Ok(aside)
}

/// Makes the set's name in the lake its own. Answers whether a table of its mode stands there now.
///
/// # Errors
/// Kind `Table`: the name belongs to another table, or to something that pg2duck did not make; or what the table keeps in another mode
/// would be dropped, and nobody has asked for that.
pub(super) fn take(lake: &Lake, set: &ChangeSet) -> Result<bool> {
    let target = &set.lake;
    let (own, others): (Vec<SyncRow>, Vec<SyncRow>) =
        lake.sync_rows_about(set)?.into_iter().partition(|row| row.source == set.table);
    let own = own.into_iter().next();
    if let Some(other) = others.iter().find(|row| row.lake.same_in_duckdb(target)) {
        return Err(Error::table(format!(
            "lake table {target} already holds {}; give {} another name with DUCKDB_TABLE",
            other.source, set.table
        )));
    }
    let Some(own) = own else {
        refuse_foreign(lake, target)?;
        return lake.create_schema(target).map(|()| false);
    };
    lake.create_schema(target)?;
    if lake.has_relation(&own.lake)? {
        refuse_other_source(set, &own)?;
    }
    if own.lake != *target && lake.has_relation(&own.lake)? {
        let aside = set_aside(lake, set, &own, 0)?;
        rename(lake, set, &aside)?;
    }
    if !lake.has_relation(target)? {
        return Ok(false);
    }
    if own.mode != set.schema.mode.name() {
        give_up_past(lake, set, &own)?;
        return Ok(false);
    }
    Ok(true)
}

/// What another source brought is never touched, unless this one took its place under the same state.
fn refuse_other_source(set: &ChangeSet, own: &SyncRow) -> Result<()> {
    if set.continues(own.origin.as_ref()) {
        return Ok(());
    }
    let [before, now] = [&own.origin, &set.origin].map(|origin| origin.as_deref().unwrap_or_default());
    Err(Error::table(format!(
        "lake table {} holds {} of another database ({before}, this one is {now}), and one lake holds one source: give this one its \
         own with DUCKDB_PATH; or, if it took the other's place, drop that lake table",
        own.lake, own.source
    )))
}

fn refuse_foreign(lake: &Lake, name: &TableName) -> Result<()> {
    match lake.has_relation(name)? {
        true => Err(Error::table(format!(
            "lake table {name} exists and was not made by pg2duck; rename it, or set DUCKDB_TABLE to another name"
        ))),
        false => Ok(()),
    }
}

/// Drops a table of another mode, if it may be.
fn give_up_past(lake: &Lake, set: &ChangeSet, own: &SyncRow) -> Result<()> {
    let (name, wanted) = (&set.table, set.schema.mode.name());
    let before = Mode::NAMES.iter().find(|(name, _)| *name == own.mode).map(|(_, mode)| *mode);
    if before.is_none_or(Mode::keeps_the_past) && !set.drops_history && lake.count(&set.lake)? > 0 {
        return Err(Error::table(would_drop_history(name, &own.mode, wanted)));
    }
    if before == Some(Mode::History) {
        drop_views(lake, &set.lake)?;
    }
    lake.forget_columns(name)?;
    lake.execute(&format!("drop {}", set.lake), &sql!("DROP TABLE {}", in_lake(&set.lake)))
}

/// The sentence for a table whose past another mode would drop.
pub fn would_drop_history(table: &TableName, before: &str, wanted: &str) -> String {
    format!(
        "the lake holds {table} in mode {before}, and {wanted} is asked for now; to bootstrap it in the new mode, which drops what the \
         old one kept of the past, run: pg2duck resync --drop-history {table}"
    )
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

/// Gives a table that was set aside the set's name. DuckDB moves no table to another schema: there it is written anew.
fn rename(lake: &Lake, set: &ChangeSet, aside: &TableName) -> Result<()> {
    let (now, operation) = (&set.lake, format!("rename a lake table to {}", set.lake));
    refuse_foreign(lake, now)?;
    lake.create_schema(now)?;
    let statements = match aside.schema.to_lowercase() == now.schema.to_lowercase() {
        true => vec![sql!("ALTER TABLE {} RENAME TO {}", in_lake(aside), Ident(&now.table))],
        false => {
            let key = declared_key(lake, aside)?;
            let declare =
                (!key.is_empty()).then(|| sql!("ALTER TABLE {} ADD PRIMARY KEY ({})", in_lake(now), key_names(&key)));
            let copy = sql!("CREATE TABLE {} AS FROM {}; DROP TABLE {}", in_lake(now), in_lake(aside), in_lake(aside));
            [copy].into_iter().chain(declare).collect()
        }
    };
    statements.iter().try_for_each(|statement| lake.execute(&operation, statement))?;
    lake.move_indexes(aside, now)?;
    let moved = sql!(
        "UPDATE {} SET lake_schema = {}, lake_table = {} WHERE (source_schema, source_table) = ({}, {})",
        ours("sync"),
        Lit(&now.schema),
        Lit(&now.table),
        Lit(&set.table.schema),
        Lit(&set.table.table)
    );
    lake.execute(&operation, &moved)
}

impl Lake {
    /// The schema of a lake table, if it is not there yet.
    pub(super) fn create_schema(&self, table: &TableName) -> Result<()> {
        let statement: Sql = sql!("CREATE SCHEMA IF NOT EXISTS {}.{}", CATALOG, Ident(&table.schema));
        self.execute(&format!("load {table}"), &statement)
    }
}
