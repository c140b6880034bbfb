//! Under which name a source table stands in the lake: it takes the name, moves there with all that it holds, or is refused.

use super::Lake;
use super::file::CATALOG;
use super::history::drop_views;
use super::key::key_names;
use super::metadata::{of_lake_table, of_source};
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
    let mut moved = Vec::new();
    for (at, set, former) in renamed() {
        let step = || -> Result<Option<TableName>> {
            lake.forget_failing(set, former)?;
            let Some(before) = own(&rows, set, former) else { return Ok(None) };
            rename_source(lake, set, &before.lake)?;
            let moves = before.lake != set.lake && lake.has_relation(&before.lake)?;
            moves.then(|| set_aside(lake, set, before, at)).transpose()
        };
        moved.push((at, set, step().map_err(|error| (at, error))?));
    }
    for (at, set, aside) in moved {
        aside.map_or(Ok(()), |aside| rename(lake, set, &aside)).map_err(|error| (at, error))?;
    }
    Ok(())
}

/// The line of the table that goes by `name` in the set's database: one that surely is of it, if there is one.
fn own<'r>(rows: &'r [SyncRow], set: &ChangeSet, name: &TableName) -> Option<&'r SyncRow> {
    rows.iter().filter(|row| set.owns(row, name)).max_by_key(|row| (row.origin == set.origin, row.lake == set.lake))
}

/// Gives the table a name that nobody else has, until the one that it is to have is free.
fn set_aside(lake: &Lake, set: &ChangeSet, before: &SyncRow, at: usize) -> Result<TableName> {
    let aside = TableName::new(&before.lake.schema, format!("_pg2duck_aside_{at}"));
    if before.mode == Mode::History.name() {
        drop_views(lake, &before.lake)?;
    }
    move_lines(lake, &before.lake, &aside)?;
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
    let rows = lake.sync_rows_about(set)?;
    let own = own(&rows, set, &set.table);
    if own.is_none_or(|own| !own.lake.same_in_duckdb(target)) {
        refuse_taken(lake, set)?;
    }
    lake.create_schema(target)?;
    let Some(own) = own else {
        lake.forget_place(target)?;
        return Ok(false);
    };
    if own.lake != *target && lake.has_relation(&own.lake)? {
        let aside = set_aside(lake, set, own, 0)?;
        rename(lake, set, &aside)?;
    }
    if !lake.has_relation(target)? {
        return lake.forget_place(target).map(|()| false);
    }
    if own.mode != set.schema.mode.name() {
        give_up_past(lake, set, own)?;
        return Ok(false);
    }
    Ok(true)
}

/// Refuses a name in the lake that something else has: what another source made is never touched, nor what we did not make.
fn refuse_taken(lake: &Lake, set: &ChangeSet) -> Result<()> {
    let (name, table) = (&set.lake, &set.table);
    let is_there = lake.has_relation(name)?;
    let rows = lake.sync_rows_about(set)?;
    let holder = rows.iter().find(|row| row.lake.same_in_duckdb(name));
    let other_origin = |row: &SyncRow| row.origin.is_some() && !set.owns(row, &row.source);
    Err(Error::table(match holder {
        Some(other) if other_origin(other) && is_there => {
            let [before, now] = [&other.origin, &set.origin].map(|origin| origin.as_deref().unwrap_or_default());
            format!(
                "lake table {name} holds {} of another database ({before}, this one is {now}), and what another brought is never touched; \
                 give {table} another name with DUCKDB_TABLE or a lake of its own with DUCKDB_PATH, or, if this database took the other's \
                 place, drop that lake table",
                other.source
            )
        }
        Some(other) if !other_origin(other) => {
            format!("lake table {name} already holds {}; give {table} another name with DUCKDB_TABLE", other.source)
        }
        None if is_there => {
            format!(
                "lake table {name} exists and was not made by pg2duck; rename it, or set DUCKDB_TABLE to another name"
            )
        }
        _ => return Ok(()),
    }))
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
    lake.forget_columns(&set.lake)?;
    lake.execute(&format!("drop {}", set.lake), &sql!("DROP TABLE {}", in_lake(&set.lake)))
}

/// The sentence for a table whose past another mode would drop.
pub fn would_drop_history(table: &TableName, before: &str, wanted: &str) -> String {
    format!(
        "the lake holds {table} in mode {before}, and {wanted} is asked for now; to bootstrap it in the new mode, which drops what the \
         old one kept of the past, run: pg2duck resync --drop-history {table}"
    )
}

/// What the lake has under this name is the set's source table, which went by another name.
fn rename_source(lake: &Lake, set: &ChangeSet, held: &TableName) -> Result<()> {
    ["sync", "columns", "rejects", "batches"].into_iter().try_for_each(|table| {
        let statement = sql!(
            "UPDATE {} SET source_schema = {}, source_table = {} WHERE {}",
            ours(table),
            Lit(&set.table.schema),
            Lit(&set.table.table),
            of_lake_table(held)
        );
        lake.execute(&format!("rename {} in _pg2duck", set.table), &statement)
    })
}

/// Gives a table that was set aside the set's name. DuckDB moves no table to another schema: there it is written anew.
fn rename(lake: &Lake, set: &ChangeSet, aside: &TableName) -> Result<()> {
    let (now, operation) = (&set.lake, format!("rename a lake table to {}", set.lake));
    refuse_taken(lake, set)?;
    lake.forget_place(now)?;
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
    move_lines(lake, aside, now)
}

/// What is told of a lake table goes by its new name.
fn move_lines(lake: &Lake, before: &TableName, now: &TableName) -> Result<()> {
    ["sync", "columns", "rejects", "batches", "indexes"].into_iter().try_for_each(|table| {
        let statement = sql!(
            "UPDATE {} SET lake_schema = {}, lake_table = {} WHERE {}",
            ours(table),
            Lit(&now.schema),
            Lit(&now.table),
            of_lake_table(before)
        );
        lake.execute(&format!("rename lake table {before} to {now} in _pg2duck"), &statement)
    })
}

impl Lake {
    /// Forgets what is told of a table that stood under this name and that somebody dropped.
    fn forget_place(&self, table: &TableName) -> Result<()> {
        ["sync", "columns", "rejects"].into_iter().try_for_each(|told| {
            let fails = Sql::fixed(if told == "sync" { "as_of IS NOT NULL AND " } else { "" });
            let statement = sql!("DELETE FROM {} WHERE {}{}", ours(told), fails, of_lake_table(table));
            self.execute("write _pg2duck", &statement)
        })
    }

    /// Forgets the line that only says that this table of the set's database fails.
    fn forget_failing(&self, set: &ChangeSet, table: &TableName) -> Result<()> {
        let which = sql!("as_of IS NULL AND {}", of_source(set, table));
        self.execute("write _pg2duck.sync", &sql!("DELETE FROM {} WHERE {}", ours("sync"), which))
    }

    /// The schema of a lake table, if it is not there yet.
    pub(super) fn create_schema(&self, table: &TableName) -> Result<()> {
        let statement: Sql = sql!("CREATE SCHEMA IF NOT EXISTS {}.{}", CATALOG, Ident(&table.schema));
        self.execute(&format!("load {table}"), &statement)
    }
}
