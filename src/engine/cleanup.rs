//! Keeps the archive tidy: what crashes left behind, what was superseded, and what the retention no longer keeps.
//!
//! A Parquet file is removed only when the lake has applied it, or when no cycle will ever name it.

use crate::config::Config;
use crate::error::Result;
use crate::frame::parquet::{Batch, UNFINISHED};
use crate::lake::rewrite;
use crate::names::TableName;
use crate::state::{Pending, State};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Removes applied files beyond the retention.
pub fn expire(config: &Config, state: &mut State) -> Result<()> {
    for path in state.expired(config.retention)? {
        remove(&config.parquet_dir.join(&path));
        state.forget_file(&path)?;
    }
    Ok(())
}

/// Removes the earlier full copies of a relation that is read in full at every cycle: they are no history worth keeping.
pub fn supersede(config: &Config, state: &mut State, newest: &Pending) -> Result<()> {
    for path in state.archived_of(&newest.table)? {
        if !newest.batches.iter().any(|batch| batch.path == path) {
            remove(&config.parquet_dir.join(&path));
            state.forget_file(&path)?;
        }
    }
    Ok(())
}

/// Removes batches that no cycle names any more.
pub fn discard(config: &Config, batches: &[Batch]) {
    for batch in batches {
        remove(&config.parquet_dir.join(&batch.path));
    }
}

/// At start and after a failed cycle: removes unfinished files and those of cycles that were never completed, and takes files that an earlier
/// state knew into the archive, so that the retention sees them.
pub fn recover(config: &Config, state: &mut State) -> Result<()> {
    rewrite::discard_unfinished(config);
    let mut known: HashSet<PathBuf> = state.archived()?.into_iter().collect();
    known.extend(state.pending()?.into_iter().flat_map(|pending| pending.batches).map(|batch| batch.path));
    for name in state.tables()? {
        let table = state.table(&name)?;
        let last = table.cycle.as_deref().or(table.since.as_deref());
        known.extend(table.bootstrap.iter().flat_map(|progress| &progress.batches).map(|batch| batch.path.clone()));
        let folder = PathBuf::from(name.folder());
        for path in files(&config.parquet_dir.join(&folder)) {
            let Some(file_name) = path.file_name() else { continue };
            let relative = folder.join(file_name);
            if path.extension() == Some(OsStr::new(UNFINISHED)) {
                remove(&path);
            } else if !known.contains(&relative) {
                match (cycle_of(&path), last) {
                    (Some(cycle), Some(last)) if cycle < last => state.adopt(&name, &relative)?,
                    (Some(_), _) => remove(&path),
                    // Not one of ours.
                    (None, _) => {}
                }
            }
        }
    }
    Ok(())
}

/// Removes unfinished files of a table that is about to be copied for the first time.
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
