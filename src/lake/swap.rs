//! A full copy: the bootstrap's batches are loaded into a staging table without its key, which is then added (measured
//! 3.3 s against 7.9 s through `INSERT OR REPLACE` for 2 M rows), and the staging table takes the place of the old one.

use super::apply::{dropped, explain, not_unique, read_batches, same_key};
use super::key;
use super::table::LakeColumn;
use super::{Lake, SyncRow, failure};
use crate::config::Memory;
use crate::error::{Error, Result};
use crate::frame::parquet::{Batch, BatchKind};
use crate::names::{TableName, literal, quote, quote_list};
use crate::state::Pending;
use std::path::Path;

/// Files per INSERT: enough for full row groups, few enough for a statement of sane length.
const FILES_AT_ONCE: usize = 100;
const LOADING_MEMORY: Memory = Memory::megabytes(64);
/// Keys that stand in two chunks, and where they stand last.
const REPEATED: &str = "temp.main.pg2duck_repeated";

/// Replaces the lake table by the bootstrap's rows, within the caller's transaction.
///
/// # Errors
/// Kind `Table`: something that pg2duck did not make stands under the lake table's name, or the key is not one.
pub(super) fn copy(lake: &Lake, archive: &Path, pending: &Pending) -> Result<()> {
    let target = &pending.lake;
    let old = lake.columns(target)?;
    refuse_foreign_table(lake, pending, &old)?;
    let staging = TableName::new(&target.schema, format!("_pg2duck_staging_{}", target.table));
    let operation = format!("load {target}");
    lake.execute(&operation, &format!("CREATE SCHEMA IF NOT EXISTS {}", quote(&target.schema)))?;
    load(lake, archive, pending, &staging)?;
    // A row that moved while its table was read stands in two chunks; only within one must its key be unique.
    if !pending.rewritten {
        key::check(lake, pending, &staging.quoted(), &operation)?;
    } else if !pending.layout.key_proven && repeats_within_a_chunk(lake, archive, pending)? {
        return Err(not_unique(&operation, pending));
    }
    lake.forget_rejects(pending)?;
    lake.list_rejects(archive, pending, BatchKind::Bootstrap)?;
    finish(lake, pending, &staging, &old).map_err(|error| explain(&operation, pending, &error))
}

fn refuse_foreign_table(lake: &Lake, pending: &Pending, old: &[LakeColumn]) -> Result<()> {
    let target = &pending.lake;
    let rows = lake.sync_rows()?;
    let owner = rows.iter().find(|row| row.lake.same_in_duckdb(target)).map(|row| row.source.clone());
    match owner {
        Some(owner) if owner == pending.table => Ok(()),
        None if old.is_empty() => drop_former(lake, pending, &rows),
        Some(owner) => Err(Error::table(format!(
            "lake table {target} already holds {owner}; give {} another name with DUCKDB_TABLE",
            pending.table
        ))),
        None => Err(Error::table(format!(
            "lake table {target} exists and was not made by pg2duck; rename it, or set DUCKDB_TABLE to another name"
        ))),
    }
}

/// DUCKDB_TABLE has changed: the copy under the former name would only grow stale.
fn drop_former(lake: &Lake, pending: &Pending, rows: &[SyncRow]) -> Result<()> {
    match rows.iter().find(|row| row.source == pending.table) {
        Some(former) => {
            lake.execute(&format!("drop {}", former.lake), &format!("DROP TABLE IF EXISTS {}", former.lake.quoted()))
        }
        None => Ok(()),
    }
}

/// Fills the staging table, without constraints, in the order of the batches.
///
/// A small working memory is enough for this, and more would only be filled; the key afterwards needs what it needs.
fn load(lake: &Lake, archive: &Path, pending: &Pending, staging: &TableName) -> Result<()> {
    lake.limit_memory(LOADING_MEMORY)?;
    let loaded = load_batches(lake, archive, pending, staging);
    // A failed load has aborted the transaction, which refuses this too; ROLLBACK's caller makes up for it.
    loaded.and_then(|()| lake.release_memory())
}

fn load_batches(lake: &Lake, archive: &Path, pending: &Pending, staging: &TableName) -> Result<()> {
    let operation = format!("load {}", pending.lake);
    let columns: Vec<String> = pending
        .layout
        .columns
        .iter()
        .map(|column| format!("{} {}", quote(&column.name), column.kind.lake_type()))
        .collect();
    lake.execute(&operation, &format!("CREATE OR REPLACE TABLE {} ({})", staging.quoted(), columns.join(", ")))?;
    let batches: Vec<Batch> =
        pending.batches.iter().filter(|batch| batch.kind == BatchKind::Bootstrap).cloned().collect();
    for group in batches.chunks(FILES_AT_ONCE) {
        if let Some(rows) = read_batches(archive, group, BatchKind::Bootstrap, &pending.layout) {
            lake.db
                .execute_batch(&format!("INSERT INTO {} {rows}", staging.quoted()))
                .map_err(|error| failure(&operation, &error))?;
        }
    }
    Ok(())
}

/// One chunk is one snapshot, where a key occurs once. Across chunks it may occur again, in another version of its row.
fn repeats_within_a_chunk(lake: &Lake, archive: &Path, pending: &Pending) -> Result<bool> {
    let files: Vec<String> = pending
        .batches
        .iter()
        .filter(|batch| batch.kind == BatchKind::Bootstrap)
        .map(|batch| literal(&archive.join(&batch.path).to_string_lossy()))
        .collect();
    let key: Vec<String> = pending.layout.key.iter().map(|column| format!("{} IS NOT NULL", quote(column))).collect();
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM read_parquet([{}], hive_partitioning = false, filename = '_pg2duck_file') WHERE {} \
         GROUP BY regexp_replace(_pg2duck_file, '-[0-9]+[.]parquet$', ''), {} HAVING count(*) > 1)",
        files.join(", "),
        key.join(" AND "),
        quote_list(pending.layout.key.iter().map(String::as_str))
    );
    let answer = lake.db.query_row(&sql, [], |row| row.get(0));
    answer.map_err(|error| failure(format!("check the key of {}", pending.lake), &error))
}

/// Makes keys unique, keeps columns that the source dropped, adds the key, and swaps.
fn finish(lake: &Lake, pending: &Pending, staging: &TableName, old: &[LakeColumn]) -> Result<(), duckdb::Error> {
    let target = &pending.lake;
    let key = quote_list(pending.layout.key.iter().map(String::as_str));
    let mut ready = staging.clone();
    let kept = if keys_match(pending, old) { dropped(old, &pending.layout) } else { Vec::new() };
    if pending.rewritten || !kept.is_empty() {
        ready.table.push_str("_final");
        let extra: String = kept.iter().map(|column| format!(", old.{}", quote(&column.name))).collect();
        let join = if kept.is_empty() {
            String::new()
        } else {
            format!(" LEFT JOIN {} AS old ON {}", target.quoted(), same_key(&pending.layout.key, "new", "old"))
        };
        // Of a row that stands in two chunks, the one read last is taken; where that is not its present version, the
        // changes that follow hold it (or the next sweep, if its cursor value did not move).
        lake.db.execute_batch(&format!(
            "CREATE OR REPLACE TEMP TABLE {REPEATED} AS \
               SELECT {key}, max(rowid) AS pg2duck_last FROM {staging} GROUP BY {key} HAVING count(*) > 1; \
             CREATE OR REPLACE TABLE {ready} AS SELECT new.*{extra} FROM {staging} AS new{join} \
               WHERE NOT EXISTS (SELECT 1 FROM {REPEATED} AS r WHERE {same} AND new.rowid < r.pg2duck_last); \
             DROP TABLE {REPEATED}; DROP TABLE {staging}",
            ready = ready.quoted(),
            staging = staging.quoted(),
            same = same_key(&pending.layout.key, "new", "r"),
        ))?;
    }
    if key::is_declared(lake, &pending.layout, pending.rows()) {
        lake.db.execute_batch(&format!("ALTER TABLE {} ADD PRIMARY KEY ({key})", ready.quoted()))?;
    }
    lake.db.execute_batch(&format!(
        "DROP TABLE IF EXISTS {}; ALTER TABLE {} RENAME TO {}",
        target.quoted(),
        ready.quoted(),
        quote(&target.table)
    ))
}

/// Whether old and new rows can be matched: dropped columns keep their values only then.
fn keys_match(pending: &Pending, old: &[LakeColumn]) -> bool {
    pending.layout.key.iter().all(|name| {
        let new = pending.layout.columns.iter().find(|column| column.name == *name);
        let old = old.iter().find(|column| column.name == *name);
        matches!((new, old), (Some(new), Some(old)) if new.kind.lake_type() == old.kind)
    })
}
