//! Keeps the archive tidy: what crashes left behind, what was superseded, and what the retention no longer keeps.
//!
//! A Parquet file is removed only when the lake has applied it, or when no cycle will ever name it.

use crate::config::Config;
use crate::error::Result;
use crate::lake::rewrite;
use crate::model::{Batch, ChangeSet, TableName};
use crate::parquet::write::UNFINISHED;
use crate::state::Ledger;
use crate::state::ledger::Durability;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Removes applied files beyond the retention. `tables`: those that have new ones, all where it is not known.
///
/// # Errors
/// `State`: the ledger cannot be read.
pub fn expire(config: &Config, ledger: &mut Ledger, tables: Option<&[TableName]>) -> Result<()> {
    let expired = ledger.expired(config.retention, tables)?;
    expired.iter().for_each(|path| remove(&config.parquet_dir.join(path)));
    ledger.unarchive(expired);
    Ok(())
}

/// Removes the earlier files of a relation that is read in full at every cycle: they are no history worth keeping.
///
/// # Errors
/// `State`: the ledger cannot be read.
pub fn supersede(config: &Config, ledger: &mut Ledger, newest: &ChangeSet) -> Result<()> {
    let mut earlier = ledger.archived_of(&newest.table)?;
    earlier.retain(|path| !newest.batches().any(|batch| batch.path == *path));
    earlier.iter().for_each(|path| remove(&config.parquet_dir.join(path)));
    ledger.unarchive(earlier);
    Ok(())
}

/// Removes all files of a table that the lake has applied. Answers how many.
///
/// # Errors
/// `State`: the ledger cannot be read or written.
pub fn purge(config: &Config, ledger: &mut Ledger, table: &TableName) -> Result<usize> {
    let applied = ledger.archived_of(table)?;
    applied.iter().for_each(|path| remove(&config.parquet_dir.join(path)));
    let files = applied.len();
    ledger.unarchive(applied);
    ledger.commit(Durability::Process)?;
    Ok(files)
}

/// Removes batches that no cycle names any more.
pub fn discard(config: &Config, batches: &[Batch]) {
    for batch in batches {
        remove(&config.parquet_dir.join(&batch.path));
    }
}

/// After a crash or a failed cycle: removes unfinished files and those of cycles that were never completed, and takes files that an
/// earlier ledger knew into the archive, so that the retention sees them. A folder that is as a cycle left it is not looked into: it
/// may hold hundreds of thousands of files.
///
/// # Errors
/// `State`: the ledger cannot be read or written.
pub fn recover(config: &Config, ledger: &mut Ledger) -> Result<()> {
    rewrite::discard_unfinished(&config.lake_settings());
    for name in ledger.tables.keys().cloned().collect::<Vec<_>>() {
        let left = ledger.table(&name).and_then(|known| known.folder);
        if left.is_none() || left != modified(config, &name) {
            recover_table(config, ledger, &name)?;
        }
    }
    ledger.commit(Durability::Process)
}

/// Records how a cycle left the folders of these tables.
pub fn record_folders<'a>(config: &Config, ledger: &mut Ledger, tables: impl Iterator<Item = &'a TableName>) {
    for name in tables {
        let left = modified(config, name);
        if ledger.table(name).is_some_and(|known| known.folder != left) {
            ledger.table_mut(name).folder = left;
        }
    }
}

/// When files last came to or went from a table's folder: seconds and nanoseconds. `None` where there is none.
fn modified(config: &Config, table: &TableName) -> Option<(i64, i64)> {
    let folder = std::fs::metadata(config.parquet_dir.join(table.folder())).ok()?;
    Some((folder.mtime(), folder.mtime_nsec()))
}

fn recover_table(config: &Config, ledger: &mut Ledger, name: &TableName) -> Result<()> {
    let waiting: HashSet<PathBuf> = ledger.waiting_files(name)?.into_iter().map(|batch| batch.path).collect();
    let Some(table) = ledger.table(name) else { return Ok(()) };
    let last = table.cycle.clone().or(table.since.clone());
    let files_of_bootstrap = table.bootstrap.iter().flat_map(|progress| &progress.files);
    let known: HashSet<PathBuf> = files_of_bootstrap.map(|batch| batch.path.clone()).chain(waiting).collect();
    let archived: HashSet<PathBuf> = ledger.archived_of(name)?.into_iter().collect();
    let folder = PathBuf::from(name.folder());
    for path in files(&config.parquet_dir.join(&folder)) {
        let Some(file_name) = path.file_name() else { continue };
        let relative = folder.join(file_name);
        if path.extension() == Some(OsStr::new(UNFINISHED)) {
            remove(&path);
        } else if !known.contains(&relative) && !archived.contains(&relative) {
            match (cycle_of(&path), &last) {
                (Some(cycle), Some(last)) if cycle < last.as_str() => ledger.adopt(name, relative),
                (Some(_), _) => remove(&path),
                // Not one of ours.
                (None, _) => {}
            }
        }
    }
    Ok(())
}

/// Removes unfinished files of a table that is about to be bootstrapped for the first time.
pub fn discard_unfinished(config: &Config, table: &TableName) {
    let unfinished = |path: &PathBuf| path.extension() == Some(OsStr::new(UNFINISHED));
    files(&config.parquet_dir.join(table.folder()))
        .iter()
        .filter(|path| unfinished(path))
        .for_each(|path| remove(path));
}

/// `<cycle>-<kind>-<number>.parquet`
fn cycle_of(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let (cycle, rest) = name.split_once('-')?;
    (rest.contains(".parquet") && cycle.ends_with('Z')).then_some(cycle)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    // A folder that is not there has no files.
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(file = %path.display(), %error, "cannot remove a file that is not needed any more");
    }
}
