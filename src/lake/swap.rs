//! A bootstrap that is complete: its staging table gets its key (added after the rows: measured 3.3 s against 7.9 s through
//! `INSERT OR REPLACE` for 2 M rows) and takes the place of the old table.
//! Tables that keep versions are never replaced: there the bootstrap is compared with the latest versions.

use super::apply::change_rows;
use super::history::create_views;
use super::key::{self, explain, key_names, not_unique, same_key};
use super::merge::{self, Rows, instant};
use super::staging::{BootstrapLoad, ready, staging};
use super::table::{LakeColumn, in_lake};
use super::{Lake, batches, schema};
use crate::error::{Error, Result};
use crate::model::sql::{Ident, Sql};
use crate::model::{BatchKind, ChangeSet, Mode, SyncRow, TableName, TableSchema};
use crate::sql;
use std::path::Path;

/// Keys that stand in two chunks, and where they stand last.
static REPEATED: Sql = Sql::fixed("temp.main.pg2duck_repeated");
/// Keys that the lake has and the bootstrap does not.
static GONE: Sql = Sql::fixed("temp.main.pg2duck_gone");

/// First part, before any row of the cycle changes: replaces the lake table by the bootstrap's rows, or makes a table that
/// keeps versions fit to take them in.
///
/// # Errors
/// Kind `Table`: something that pg2duck did not make stands under the lake table's name, or the key is not one.
pub(super) fn prepare(lake: &Lake, archive: &Path, set: &ChangeSet) -> Result<()> {
    let target = &set.lake;
    let old = lake.columns(target)?;
    let same_mode = refuse_foreign_table(lake, set, &old)?;
    lake.create_schema(target)?;
    if set.schema.mode.has_one_row_per_key() {
        let old = if same_mode { old } else { Vec::new() };
        return replace(lake, archive, set, &old);
    }
    if same_mode {
        for statement in schema::extend(set, &old)? {
            lake.execute(&format!("change lake table {target}"), &statement)?;
        }
        return Ok(());
    }
    drop_table(lake, target)?;
    lake.create(&BootstrapLoad::from(set), target, false)
}

/// Second part, for tables that keep versions: the bootstrap, and what changed while it was read.
pub(super) fn fold_in(lake: &Lake, archive: &Path, set: &ChangeSet) -> Result<()> {
    let staging = in_lake(&staging(&set.lake));
    let operation = format!("load {}", set.lake);
    lake.complete_staging(archive, &BootstrapLoad::from(set))?;
    list_rejects(lake, archive, set)?;
    change_rows(lake, archive, set, &|rows| merge::replace(&staging, set, rows))?;
    key::check(lake, set, &staging, &operation)?;
    let first = lake.count(&set.lake)? == 0;
    for statement in fold(set, &staging, first) {
        lake.db.run(&statement).map_err(|error| explain(&operation, set, &error))?;
    }
    lake.execute(&operation, &sql!("DROP TABLE {}", staging))?;
    lake.forget_staging(&set.table)?;
    create_views(lake, set)
}

/// The statements that take a complete bootstrap into a table that keeps versions. `first`: there are none yet.
fn fold(set: &ChangeSet, staging: &Sql, first: bool) -> Vec<Sql> {
    let (target, mode) = (in_lake(&set.lake), set.schema.mode);
    if first || mode == Mode::FullAppend {
        let columns = Sql::names(set.schema.columns.iter().map(|column| column.name.as_str()));
        let names = Sql::names(mode.metadata().iter().map(|(name, _)| *name));
        let values = Sql::join(merge::bootstrap_values(mode, &instant(set)), ", ");
        return vec![sql!(
            "INSERT INTO {} ({}, {}) SELECT {}, {} FROM {}",
            target,
            columns,
            names,
            columns,
            values,
            staging
        )];
    }
    let alive = Sql::fixed(if mode == Mode::History { " WHERE _is_current" } else { "" });
    let find_gone = sql!(
        "CREATE OR REPLACE TEMP TABLE {} AS SELECT DISTINCT {} FROM {} AS target ANTI JOIN {} AS bootstrap ON {}{}",
        GONE,
        key_names(&set.schema.key),
        target,
        staging,
        same_key(&set.schema.key, "target", "bootstrap"),
        alive
    );
    let rows = Rows { changed: Some(staging), deleted: Some(&GONE), versions: None };
    let merged = merge::statements(set, &rows);
    [find_gone].into_iter().chain(merged).chain([sql!("DROP TABLE {}", GONE)]).collect()
}

fn list_rejects(lake: &Lake, archive: &Path, set: &ChangeSet) -> Result<()> {
    lake.forget_rejects(set)?;
    lake.list_rejects(archive, set, BatchKind::Bootstrap)
}

fn replace(lake: &Lake, archive: &Path, set: &ChangeSet, old: &[LakeColumn]) -> Result<()> {
    let staging = staging(&set.lake);
    let operation = format!("load {}", set.lake);
    let keyed = lake.complete_staging(archive, &BootstrapLoad::from(set))?;
    // A row that moved while its table was read stands in two chunks; only within one must its key be unique.
    if !set.is_rewritten() {
        key::check(lake, set, &in_lake(&staging), &operation)?;
    } else if !set.schema.key_proven && repeats_within_a_chunk(lake, archive, set)? {
        return Err(not_unique(&operation, set));
    }
    list_rejects(lake, archive, set)?;
    finish(lake, set, &staging, keyed, old).map_err(|error| explain(&operation, set, &error))?;
    lake.forget_staging(&set.table)
}

/// Whether the lake table holds an earlier bootstrap in the same mode; refuses what is not ours.
fn refuse_foreign_table(lake: &Lake, set: &ChangeSet, old: &[LakeColumn]) -> Result<bool> {
    let target = &set.lake;
    let rows = lake.sync_rows_about(set)?;
    match rows.iter().find(|row| row.lake.same_in_duckdb(target)) {
        Some(row) if row.source == set.table => Ok(!old.is_empty() && row.mode == set.schema.mode.name()),
        None if old.is_empty() => drop_former(lake, set, &rows).map(|()| false),
        Some(row) => Err(Error::table(format!(
            "lake table {target} already holds {}; give {} another name with DUCKDB_TABLE",
            row.source, set.table
        ))),
        None => Err(Error::table(format!(
            "lake table {target} exists and was not made by pg2duck; rename it, or set DUCKDB_TABLE to another name"
        ))),
    }
}

/// DUCKDB_TABLE has changed: what stands under the former name would only grow stale.
fn drop_former(lake: &Lake, set: &ChangeSet, rows: &[SyncRow]) -> Result<()> {
    let former = rows.iter().find(|row| row.source == set.table);
    former.map_or(Ok(()), |former| drop_table(lake, &former.lake))
}

fn drop_table(lake: &Lake, table: &TableName) -> Result<()> {
    lake.execute(&format!("drop {table}"), &sql!("DROP TABLE IF EXISTS {}", in_lake(table)))
}

/// One chunk is one snapshot, where a key occurs once. Across chunks it may occur again, in another version of its row.
fn repeats_within_a_chunk(lake: &Lake, archive: &Path, set: &ChangeSet) -> Result<bool> {
    let key = set.schema.key.iter().map(|column| sql!("{} IS NOT NULL", Ident(column)));
    let statement = sql!(
        "SELECT EXISTS (SELECT 1 FROM read_parquet([{}], hive_partitioning = false, filename = '_pg2duck_file') WHERE {} \
         GROUP BY regexp_replace(_pg2duck_file, '-[0-9]+[.]parquet$', ''), {} HAVING count(*) > 1)",
        batches::files(archive, set.of_kind(BatchKind::Bootstrap)),
        Sql::join(key, " AND "),
        key_names(&set.schema.key)
    );
    lake.value(&format!("check the key of {}", set.lake), &statement)
}

/// Makes keys unique, keeps columns that the source dropped and rows that it deleted, adds the key, and swaps.
fn finish(
    lake: &Lake,
    set: &ChangeSet,
    staging: &TableName,
    keyed: bool,
    old: &[LakeColumn],
) -> Result<(), duckdb::Error> {
    let run = |statement: Sql| lake.db.run(&statement);
    let (target, key) = (in_lake(&set.lake), key_names(&set.schema.key));
    let matched = keys_match(set, old);
    let kept = if matched { dropped(old, &set.schema) } else { Vec::new() };
    let declares_key = !key.is_empty() && key::is_declared(lake, &set.schema, set.rows());
    if set.is_rewritten() {
        // Of a row that stands in two chunks, the one read last is taken; where that is not its present version, the
        // changes that follow hold it (or the next full scan, if its cursor value did not move).
        run(sql!(
            "CREATE OR REPLACE TEMP TABLE {} AS SELECT {}, max(rowid) AS _pg2duck_last FROM {} GROUP BY {} HAVING count(*) > 1",
            REPEATED,
            key,
            in_lake(staging),
            key
        ))?;
    }
    // DuckDB would find the deleted rows among those that the key is declared for.
    let written_again = !kept.is_empty() || (set.is_rewritten() && declares_key);
    let ready = if written_again { ready(&set.lake) } else { staging.clone() };
    if written_again {
        run(with_kept_columns(set, staging, &ready, &kept))?;
    } else if set.is_rewritten() {
        run(sql!("DELETE FROM {} AS new WHERE {}", in_lake(staging), repeats(set)))?;
    }
    if set.is_rewritten() {
        run(sql!("DROP TABLE {}", REPEATED))?;
    }
    if set.schema.mode == Mode::SoftDelete && matched {
        run(keep_deleted(set, &ready, old))?;
    }
    if declares_key && (!keyed || written_again) {
        run(sql!("ALTER TABLE {} ADD PRIMARY KEY ({})", in_lake(&ready), key))?;
    }
    let name = Ident(&set.lake.table);
    run(sql!("DROP TABLE IF EXISTS {}; ALTER TABLE {} RENAME TO {}", target, in_lake(&ready), name))
}

/// Whether a row of the staging table, `new`, stands there again further on.
fn repeats(set: &ChangeSet) -> Sql {
    let same = same_key(&set.schema.key, "new", "r");
    sql!("EXISTS (SELECT 1 FROM {} AS r WHERE {} AND new.rowid < r._pg2duck_last)", REPEATED, same)
}

/// Makes `ready` of the staging table: each key once, and with the columns that only the old table has.
fn with_kept_columns(set: &ChangeSet, staging: &TableName, ready: &TableName, kept: &[&LakeColumn]) -> Sql {
    let extra = Sql::join(kept.iter().map(|column| sql!(", old.{}", Ident(&column.name))), "");
    let join = match kept.is_empty() {
        true => Sql::fixed(""),
        false => sql!(" LEFT JOIN {} AS old ON {}", in_lake(&set.lake), same_key(&set.schema.key, "new", "old")),
    };
    let once = if set.is_rewritten() { sql!(" WHERE NOT {}", repeats(set)) } else { Sql::fixed("") };
    sql!(
        "CREATE OR REPLACE TABLE {ready} AS SELECT new.*{extra} FROM {staging} AS new{join}{once}; DROP TABLE {staging}",
        ready = in_lake(ready),
        extra = extra,
        staging = in_lake(staging),
        join = join,
        once = once
    )
}

/// Rows that the new bootstrap does not have were deleted: before, or at the latest now.
fn keep_deleted(set: &ChangeSet, ready: &TableName, old: &[LakeColumn]) -> Sql {
    let known = old.iter().filter(|column| column.name != "_deleted_at");
    let left_out = |name: &String| set.schema.left_out.iter().any(|column| column.name == *name);
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for LakeColumn { name, .. } in known.filter(|column| !left_out(&column.name)) {
        let new = set.schema.columns.iter().find(|column| column.name == *name);
        names.push(sql!("{}", Ident(name)));
        values.push(match new {
            Some(column) => sql!("TRY_CAST({} AS {})", Ident(name), column.kind.in_sql()),
            None => sql!("{}", Ident(name)),
        });
    }
    sql!(
        "INSERT INTO {ready} ({names}, _deleted_at) SELECT {values}, coalesce(_deleted_at, {at}) FROM {old} AS old \
         ANTI JOIN {ready} AS new ON {same}",
        ready = in_lake(ready),
        names = Sql::join(names, ", "),
        values = Sql::join(values, ", "),
        at = instant(set),
        old = in_lake(&set.lake),
        same = same_key(&set.schema.key, "old", "new")
    )
}

/// Whether old and new rows can be matched: dropped columns keep their values only then.
fn keys_match(set: &ChangeSet, old: &[LakeColumn]) -> bool {
    !set.schema.key.is_empty()
        && set.schema.key.iter().all(|name| {
            let new = set.schema.columns.iter().find(|column| column.name == *name);
            let old = old.iter().find(|column| column.name == *name);
            matches!((new, old), (Some(new), Some(old)) if new.kind.lake_type() == old.kind)
        })
}

/// Columns that the lake table has and the source no longer does. What is left out on purpose does not count.
fn dropped<'a>(present: &'a [LakeColumn], schema: &TableSchema) -> Vec<&'a LakeColumn> {
    let copied = schema.columns.iter().map(|column| &column.name);
    let left_out = schema.left_out.iter().map(|column| &column.name);
    let mut known: Vec<String> = copied.chain(left_out).map(|name| name.to_lowercase()).collect();
    known.extend(schema.mode.metadata().iter().map(|(name, _)| (*name).to_owned()));
    present.iter().filter(|own| !known.contains(&own.name.to_lowercase())).collect()
}
