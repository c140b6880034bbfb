//! Applies extracted cycles: every table of one cycle in one transaction.

use super::fold::fold_in;
use super::history::create_views;
use super::key::{self, explain};
use super::merge::{self, Rows};
use super::schema::{Columns, Shape};
use super::{Lake, batches, hidden, place, schema, swap};
use crate::error::{Error, Kind, Result};
use crate::model::sql::Sql;
use crate::model::{Batch, BatchKind, ChangeSet, Counts};
use crate::sql;
use std::path::Path;

/// What became of one table's share of a cycle.
#[derive(Debug)]
pub struct Applied {
    pub set: ChangeSet,
    /// What the lake table holds now.
    pub outcome: Result<Counts>,
}

/// Applies one cycle, all tables in one transaction; a table that fails is left out and the rest is applied without it.
///
/// Applying a cycle again is harmless. Batches are looked up under `archive`.
///
/// # Errors
/// The transaction as a whole cannot be begun or committed. Nothing was applied then, and DuckDB must be started anew: what an
/// instance writes after a COMMIT that failed for lack of memory may lack rows of other tables (DuckDB 1.5.5).
pub fn apply(lake: &Lake, archive: &Path, cycle: Vec<ChangeSet>) -> Result<Vec<Applied>> {
    lake.prepare_metadata()?;
    lake.make_room(&cycle)?;
    let applied = apply_in(lake, archive, cycle);
    if applied.is_ok() {
        lake.rebuild_indexes()?;
    }
    applied
}

fn apply_in(lake: &Lake, archive: &Path, mut cycle: Vec<ChangeSet>) -> Result<Vec<Applied>> {
    let mut failed = Vec::new();
    loop {
        match attempt(lake, archive, &cycle) {
            Ok(rows) => {
                let done = cycle.into_iter().zip(rows).map(|(set, rows)| Applied { set, outcome: Ok(rows) });
                return Ok(done.chain(failed).collect());
            }
            Err(Failed { at: Some(at), error }) if error.kind() != Kind::LakeDied => {
                lake.db.roll_back();
                lake.release_memory()?;
                if error.kind() != Kind::Memory || lake.full_memory.replace(true) {
                    let set = cycle.remove(at);
                    // Whoever has its former name now would be taken for it.
                    for next in cycle.extract_if(.., |next| set.former.as_ref() == Some(&next.table)) {
                        let waits =
                            format!("{} had the name of {} before, and cannot be applied", set.table, next.table);
                        failed.push(Applied { set: next, outcome: Err(Error::table(waits)) });
                    }
                    failed.push(Applied { set, outcome: Err(error) });
                }
            }
            Err(Failed { error, .. }) => return Err(error),
        }
    }
}

/// The table at which a transaction failed; `None` for the transaction itself.
struct Failed {
    at: Option<usize>,
    error: Error,
}

fn attempt(lake: &Lake, archive: &Path, cycle: &[ChangeSet]) -> Result<Vec<Counts>, Failed> {
    let whole = |error| Failed { at: None, error };
    lake.execute("begin", &Sql::fixed("BEGIN")).map_err(whole)?;
    // All schema changes come before all row changes: DuckDB 1.5 reports false duplicate keys otherwise.
    place::follow_renames(lake, cycle).map_err(|(at, error)| Failed { at: Some(at), error })?;
    let shapes = each(cycle, |_, set| prepare(lake, archive, set))?;
    let rows = each(cycle, |at, set| {
        let gone = change(lake, archive, set, shapes[at].as_ref())?;
        let lacking = lake.lacking(archive, set)?;
        Ok(Counts { gone, lacking, ..lake.record(set)? })
    })?;
    lake.prune_batches().map_err(whole)?;
    lake.execute("commit", &Sql::fixed("COMMIT")).map_err(whole)?;
    Ok(rows)
}

/// Does the same with every table; tells at which it failed.
fn each<T>(cycle: &[ChangeSet], work: impl Fn(usize, &ChangeSet) -> Result<T>) -> Result<Vec<T>, Failed> {
    let numbered = cycle.iter().enumerate();
    numbered.map(|(at, set)| work(at, set).map_err(|error| Failed { at: Some(at), error })).collect()
}

/// Brings the lake table into the shape that the rows need, and replaces what is to be replaced; answers its shape where that was
/// looked at.
fn prepare(lake: &Lake, archive: &Path, set: &ChangeSet) -> Result<Option<Shape>> {
    let present = lake.columns(&set.lake)?;
    if !set.may_change_shape() && schema::fits(&present, &set.schema) {
        return Ok(None);
    }
    let there = place::take(lake, set)?;
    let present = if there { lake.columns(&set.lake)? } else { Vec::new() };
    let mut shape = schema::shape(lake, set, &present)?;
    match (set.is_whole(), there) {
        (true, _) if set.schema.mode.has_one_row_per_key() => swap::replace(lake, archive, set, &mut shape, there)?,
        (_, true) => schema::alter(lake, set, &shape, &present)?,
        (true, false) => schema::create(lake, set, &shape.layout)?,
        (false, false) => return Err(Error::table(format!("lake table {} is missing", set.lake))),
    }
    if shape.layout != shape.before {
        lake.record_columns(set, &shape.layout)?;
        lake.rename_rejects(set, &shape)?;
        lake.rename_in_indexes(set, &shape)?;
    }
    hidden::scrub(lake, set, &shape)?;
    create_views(lake, set)?;
    Ok(Some(shape))
}

/// The temporary tables that hold one cycle's rows of one table.
static CHANGED: Sql = Sql::fixed("temp.main.pg2duck_changed");
static DELETED: Sql = Sql::fixed("temp.main.pg2duck_deleted");
static VERSIONED: Sql = Sql::fixed("temp.main.pg2duck_versioned");

/// Changes the rows; answers how many of them a comparison of keys found to be gone.
fn change(lake: &Lake, archive: &Path, set: &ChangeSet, shape: Option<&Shape>) -> Result<u64> {
    take_versions(lake, archive, set, shape)?;
    match shape {
        Some(shape) if set.is_whole() && !set.schema.mode.has_one_row_per_key() => {
            fold_in(lake, archive, set, shape).map(|()| 0)
        }
        _ => change_rows(lake, archive, set, &|rows| merge::statements(set, rows)),
    }
}

/// Loads the cycle's rows and runs the statements that `merge` makes of them; answers how many rows a comparison found to be gone.
pub(super) fn change_rows(
    lake: &Lake,
    archive: &Path,
    set: &ChangeSet,
    merge: &dyn Fn(&Rows<'_>) -> Vec<Sql>,
) -> Result<u64> {
    let operation = format!("apply to {}", set.lake);
    let run = |statement: &Sql| lake.db.run(statement).map_err(|error| explain(&operation, set, &error));
    let mut rows = Rows::default();
    lake.compare_missing(archive, set)?;
    if load(lake, archive, set, BatchKind::Deletes, &DELETED)? {
        lake.forget_rejects_of(set, &DELETED)?;
        lake.forget_missing(archive, set, BatchKind::Deletes)?;
        rows.deleted = Some(&DELETED);
    }
    if rows.deleted.is_some() && !set.differing().is_empty() {
        // Triggers were relied on until now: what they recorded goes first, and is none of what the comparison finds.
        merge(&std::mem::take(&mut rows)).iter().try_for_each(run)?;
    }
    let gone = lake.find_deleted(archive, set, &DELETED)?;
    if gone > 0 {
        lake.forget_rejects_of(set, &DELETED)?;
        rows.deleted = Some(&DELETED);
    }
    if load(lake, archive, set, BatchKind::Changes, &CHANGED)? {
        lake.forget_rejects_of(set, &CHANGED)?;
        lake.forget_missing(archive, set, BatchKind::Changes)?;
        lake.list_rejects(archive, set, BatchKind::Changes)?;
        rows.changed = Some(&CHANGED);
    }
    merge(&rows).iter().try_for_each(run)?;
    for table in [rows.changed, rows.deleted].into_iter().flatten() {
        run(&sql!("DROP TABLE {}", table))?;
    }
    Ok(gone)
}

/// Every version that was recorded: those of earlier shapes first. They come before all that the cycle itself found.
fn take_versions(lake: &Lake, archive: &Path, set: &ChangeSet, shape: Option<&Shape>) -> Result<()> {
    let own: Vec<&Batch> = set.of_kind(BatchKind::Versions).collect();
    let Some(shape) = shape else {
        let columns = schema::columns_in_place(&set.schema);
        return take_versions_of(lake, archive, set, &columns, &own, true);
    };
    for (earlier, places) in set.earlier.iter().zip(&shape.earlier) {
        let columns = schema::columns(&earlier.schema, places, &shape.layout);
        let files: Vec<&Batch> = earlier.files.iter().collect();
        take_versions_of(lake, archive, set, &columns, &files, false)?;
    }
    let columns = schema::columns(&set.schema, &shape.places, &shape.layout);
    take_versions_of(lake, archive, set, &columns, &own, true)
}

fn take_versions_of(
    lake: &Lake,
    archive: &Path,
    set: &ChangeSet,
    columns: &Columns<'_>,
    files: &[&Batch],
    newest: bool,
) -> Result<()> {
    let of_files = columns.of_files();
    let Some(rows) = batches::rows(archive, files, BatchKind::Versions, &of_files) else { return Ok(()) };
    let operation = format!("read the batches of {}", set.table);
    // A key may occur often.
    lake.execute(&operation, &sql!("CREATE OR REPLACE TEMP TABLE {} AS {}", VERSIONED, rows))?;
    if newest {
        lake.forget_rejects_of(set, &VERSIONED)?;
        lake.forget_missing(archive, set, BatchKind::Versions)?;
        lake.list_rejects_of_versions(archive, set, &VERSIONED)?;
    }
    let operation = format!("apply to {}", set.lake);
    let run = |statement: &Sql| lake.db.run(statement).map_err(|error| explain(&operation, set, &error));
    merge::versions(set, columns, &VERSIONED).iter().try_for_each(run)?;
    run(&sql!("DROP TABLE {}", VERSIONED))
}

/// Loads the batches of this kind into a temporary table; whether there are any.
fn load(lake: &Lake, archive: &Path, set: &ChangeSet, kind: BatchKind, table: &Sql) -> Result<bool> {
    let Some(rows) = batches::of(archive, set, kind) else { return Ok(false) };
    let operation = format!("read the batches of {}", set.table);
    lake.execute(&operation, &sql!("CREATE OR REPLACE TEMP TABLE {} AS {}", table, rows))?;
    key::check(lake, set, table, &operation)?;
    Ok(true)
}
