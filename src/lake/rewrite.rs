//! Writing the lake file anew. DuckDB uses the room of deleted rows again, but never gives it back, and its checkpoints take
//! more while they move rows together. (Measured on 1.5.5: 2 M rows, 1,000 upserts and 100 deletes a cycle, 147 MB became 206
//! within 600 cycles.)
//!
//! The new file is written beside the old one, which readers may go on reading, and takes its name when it is on the disk. A
//! crash leaves the old file, or the new one; what it leaves beside them is removed at the next start.

use super::file::{Access, NAME, attach, open_error, settings};
use super::{failure, is_out_of_memory};
use crate::config::{Config, Memory};
use crate::error::{Error, Kind, Result};
use duckdb::Connection;
use std::fs::File;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

/// As for loading: more would only be filled.
const MEMORY: Memory = Memory::megabytes(64);
const REWRITTEN: &str = "pg2duck_rewritten";

/// Writes the lake file anew, without the room that nothing uses.
///
/// # Errors
/// `LakeBusy` while another process writes to it. After any error the file is what it was.
pub fn rewrite(config: &Config) -> Result<()> {
    discard_unfinished(config);
    let mut written = attempt(config, MEMORY);
    if matches!(&written, Err(error) if is_out_of_memory(&error.to_string())) {
        discard_unfinished(config);
        written = attempt(config, Memory::MAX);
    }
    if written.is_err() {
        discard_unfinished(config);
    }
    written
}

/// Removes what a crash left of a file that was being written.
pub fn discard_unfinished(config: &Config) {
    let unfinished = unfinished(&real_path(config));
    for path in [log_of(&unfinished), unfinished] {
        // Mostly there is none.
        let _ = std::fs::remove_file(path);
    }
}

fn attempt(config: &Config, memory: Memory) -> Result<()> {
    let operation = "write the lake file anew";
    let old = real_path(config);
    let new = unfinished(&old);
    // On its one thread: several would each begin row groups of their own, which leaves room unused (167 MB instead of 143).
    let db =
        settings(config).and_then(Connection::open_in_memory_with_flags).map_err(|error| failure(operation, &error))?;
    let run = |sql: &str| db.execute_batch(sql).map_err(|error| failure(operation, &error));
    run(&format!("SET memory_limit = '{}'", memory.min(config.lake_memory)))?;
    // Readers may come and go; nobody else can write before the new file has the name.
    attach(&db, &old, NAME, Access::ReadOnly).map_err(|error| open_error(&old, &error))?;
    if log_of(&old).exists() {
        return Err(Error::new(Kind::LakeBusy, format!("{operation}: another writer has left a log beside it")));
    }
    attach(&db, &new, REWRITTEN, Access::ReadWrite).map_err(|error| open_error(&new, &error))?;
    run(&format!("COPY FROM DATABASE {NAME} TO {REWRITTEN}; USE memory; DETACH {REWRITTEN}"))?;
    take_the_place(&old, &new).map_err(|error| {
        Error::new(Kind::Disk, format!("{operation}: {error}; the folder of DUCKDB_PATH must be writable"))
    })
}

fn take_the_place(old: &Path, new: &Path) -> std::io::Result<()> {
    if log_of(new).exists() {
        return Err(std::io::Error::other("DuckDB has not folded its log into the new file"));
    }
    let facts = std::fs::metadata(old)?;
    std::fs::set_permissions(new, facts.permissions())?;
    // Only root may give files away, and only where it runs as root can the owner differ.
    let _ = chown(new, Some(facts.uid()), Some(facts.gid()));
    File::open(new)?.sync_all()?;
    std::fs::rename(new, old)?;
    old.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Where the file itself is: the new one must not take the place of a link to it.
fn real_path(config: &Config) -> PathBuf {
    std::fs::canonicalize(&config.lake).unwrap_or_else(|_| config.lake.clone())
}

fn unfinished(lake: &Path) -> PathBuf {
    PathBuf::from(format!("{}.rewrite", lake.display()))
}

fn log_of(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.wal", file.display()))
}
