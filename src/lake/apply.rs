//! Applies extracted cycles: every table of one cycle in one transaction.

use super::history::create_views;
use super::key::{self, explain};
use super::merge::{self, Rows};
use super::{Lake, batches, schema, swap};
use crate::error::{Error, Kind, Result};
use crate::model::sql::Sql;
use crate::model::{BatchKind, ChangeSet, Counts};
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
pub fn apply(lake: &Lake, archive: &Path, mut cycle: Vec<ChangeSet>) -> Result<Vec<Applied>> {
    lake.prepare_metadata()?;
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
                    failed.push(Applied { set: cycle.remove(at), outcome: Err(error) });
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
    let each = |work: &dyn Fn(&ChangeSet) -> Result<Counts>| -> Result<Vec<Counts>, Failed> {
        let numbered = cycle.iter().enumerate();
        numbered.map(|(at, set)| work(set).map_err(|error| Failed { at: Some(at), error })).collect()
    };
    lake.execute("begin", &Sql::fixed("BEGIN")).map_err(whole)?;
    // All schema changes come before all row changes: DuckDB 1.5 reports false duplicate keys otherwise.
    each(&|set| prepare(lake, archive, set).map(|()| Counts::default()))?;
    let rows = each(&|set| {
        change(lake, archive, set)?;
        lake.record(set)
    })?;
    lake.prune_batches().map_err(whole)?;
    lake.execute("commit", &Sql::fixed("COMMIT")).map_err(whole)?;
    Ok(rows)
}

/// Brings the lake table into the shape that the batches need.
fn prepare(lake: &Lake, archive: &Path, set: &ChangeSet) -> Result<()> {
    if set.is_whole() {
        return swap::prepare(lake, archive, set);
    }
    let statements = schema::extend(set, &lake.columns(&set.lake)?)?;
    for statement in &statements {
        lake.execute(&format!("change lake table {}", set.lake), statement)?;
    }
    if statements.is_empty() { Ok(()) } else { create_views(lake, set) }
}

/// The temporary tables that hold one cycle's rows of one table.
static CHANGED: Sql = Sql::fixed("temp.main.pg2duck_changed");
static DELETED: Sql = Sql::fixed("temp.main.pg2duck_deleted");
static VERSIONED: Sql = Sql::fixed("temp.main.pg2duck_versioned");

fn change(lake: &Lake, archive: &Path, set: &ChangeSet) -> Result<()> {
    if set.is_whole() && !set.schema.mode.has_one_row_per_key() {
        return swap::fold_in(lake, archive, set);
    }
    change_rows(lake, archive, set, &|rows| merge::statements(set, rows))
}

/// Loads the cycle's rows and runs the statements that `merge` makes of them.
pub(super) fn change_rows(
    lake: &Lake,
    archive: &Path,
    set: &ChangeSet,
    merge: &dyn Fn(&Rows<'_>) -> Vec<Sql>,
) -> Result<()> {
    let operation = format!("apply to {}", set.lake);
    let run = |statement: &Sql| lake.db.run(statement).map_err(|error| explain(&operation, set, &error));
    let mut rows = Rows::default();
    if load_versions(lake, archive, set)? {
        lake.forget_rejects_of(set, &VERSIONED)?;
        lake.list_rejects_of_versions(archive, set, &VERSIONED)?;
        rows.versions = Some(&VERSIONED);
    }
    // The source's keys were recorded, or compared with the lake's, never both.
    if load(lake, archive, set, BatchKind::Deletes, &DELETED)? || lake.find_deleted(archive, set, &DELETED)? {
        lake.forget_rejects_of(set, &DELETED)?;
        rows.deleted = Some(&DELETED);
    }
    if load(lake, archive, set, BatchKind::Changes, &CHANGED)? {
        lake.forget_rejects_of(set, &CHANGED)?;
        lake.list_rejects(archive, set, BatchKind::Changes)?;
        rows.changed = Some(&CHANGED);
    }
    merge(&rows).iter().try_for_each(run)?;
    for table in [rows.versions, rows.changed, rows.deleted].into_iter().flatten() {
        run(&sql!("DROP TABLE {}", table))?;
    }
    Ok(())
}

/// Loads all versions of all rows, in the order in which they were written; a key may occur often.
fn load_versions(lake: &Lake, archive: &Path, set: &ChangeSet) -> Result<bool> {
    let rows = batches::of(archive, set, BatchKind::Versions);
    let Some(rows) = rows else { return Ok(false) };
    let operation = format!("read the batches of {}", set.table);
    lake.execute(&operation, &sql!("CREATE OR REPLACE TEMP TABLE {} AS {}", VERSIONED, rows)).map(|()| true)
}

/// Loads the batches of this kind into a temporary table; whether there are any.
fn load(lake: &Lake, archive: &Path, set: &ChangeSet, kind: BatchKind, table: &Sql) -> Result<bool> {
    let Some(rows) = batches::of(archive, set, kind) else { return Ok(false) };
    let operation = format!("read the batches of {}", set.table);
    lake.execute(&operation, &sql!("CREATE OR REPLACE TEMP TABLE {} AS {}", table, rows))?;
    key::check(lake, set, table, &operation)?;
    Ok(true)
}
