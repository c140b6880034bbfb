//! Keeps the archive tidy: what crashes left behind, what was superseded, and what the retention no longer keeps.
//!
//! A Parquet file is removed only when the lake has applied it, or when no cycle will ever name it; and only by the state folder whose
//! mark it bears, since several may share a PARQUET_DIR.

use crate::config::Config;
use crate::error::Result;
use crate::lake::rewrite;
use crate::model::{Batch, ChangeSet, TableName};
use crate::parquet::write::Named;
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
        if known.contains(&relative) || archived.contains(&relative) {
            continue;
        }
        match left_behind(file_name, &ledger.source.owner, last.as_deref()) {
            Some(LeftBehind::Garbage) => remove(&path),
            Some(LeftBehind::Applied) => ledger.adopt(name, relative),
            None => {}
        }
    }
    Ok(())
}

/// What a file of this state folder is that it does not know.
#[derive(Debug, PartialEq, Eq)]
enum LeftBehind {
    /// No cycle will ever name it.
    Garbage,
    /// An earlier ledger had it applied.
    Applied,
}

/// `None` for a file of somebody else, or that may be. `last`: the last cycle that the lake has of the table.
fn left_behind(name: &OsStr, owner: &str, last: Option<&str>) -> Option<LeftBehind> {
    let named = Named::parse(name.to_str()?)?;
    match named.owner {
        // Of an earlier version, which gave them no mark.
        None => named.unfinished.then_some(LeftBehind::Garbage),
        Some(mark) if mark != owner => None,
        Some(_) if !named.unfinished && last.is_some_and(|last| named.cycle < last) => Some(LeftBehind::Applied),
        Some(_) => Some(LeftBehind::Garbage),
    }
}

/// Removes unfinished files of a table that is about to be bootstrapped for the first time.
pub fn discard_unfinished(config: &Config, owner: &str, table: &TableName) {
    let unfinished = |path: &&PathBuf| {
        let named = path.file_name().and_then(OsStr::to_str).and_then(Named::parse);
        named.is_some_and(|named| named.unfinished && named.owner.is_none_or(|mark| mark == owner))
    };
    files(&config.parquet_dir.join(table.folder())).iter().filter(unfinished).for_each(|path| remove(path));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_bears_our_mark_is_ours_to_remove() {
        let [ours, other] = ["0123456789ab", "ba9876543210"];
        let of = |cycle: &str, mark: &str, end: &str| {
            let name = format!("{cycle}Z-changes{mark}-00000001.parquet{end}");
            left_behind(OsStr::new(&name), ours, Some("2026Z"))
        };
        assert_eq!(of("2025", &format!("-{ours}"), ""), Some(LeftBehind::Applied));
        assert_eq!(of("2027", &format!("-{ours}"), ""), Some(LeftBehind::Garbage));
        assert_eq!(of("2025", &format!("-{ours}"), ".tmp"), Some(LeftBehind::Garbage));
        assert_eq!(of("2025", "", ".tmp"), Some(LeftBehind::Garbage));
        for (cycle, mark, end) in [("2025", other, ""), ("2027", other, ""), ("2027", other, ".tmp")] {
            assert_eq!(of(cycle, &format!("-{mark}"), end), None, "{cycle} {mark} {end}");
        }
        assert_eq!((of("2025", "", ""), of("2027", "", "")), (None, None));
        assert_eq!(left_behind(OsStr::new("notes.txt"), ours, None), None);
    }
}
