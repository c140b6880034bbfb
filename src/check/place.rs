//! Findings about this machine: the lake file and who holds it, the folders, free disk space.

use super::{Findings, size};
use crate::config::Config;
use crate::error::{Error, Kind};
use crate::lake::DuckDb;
use crate::state::FolderLock;
use rustix::fs::{Access, access, statvfs};
use std::io::Read;
use std::path::{Path, PathBuf};

/// `needed`: the bytes of the source's tables.
pub(super) fn check(config: &Config, findings: &mut Findings, needed: u64) {
    lake(config, findings);
    if FolderLock::is_taken(&config.state_dir) {
        findings.ok("state", format!("a pg2duck is running with {}; see pg2duck status", config.state_dir.display()));
    }
    // A lake that is there already grows by what changes.
    let needed = if config.lake.is_file() { needed / 10 } else { needed };
    let folder = config.lake.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    for (setting, folder) in [
        ("DUCKDB_PATH", folder),
        ("PARQUET_DIR", config.parquet_dir.as_path()),
        ("STATE_DIR", config.state_dir.as_path()),
    ] {
        space(findings, setting, folder, if setting == "STATE_DIR" { 0 } else { needed });
    }
}

/// The folder, or the nearest above it that exists: pg2duck makes the others.
fn existing(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    absolute.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/")).to_owned()
}

fn space(findings: &mut Findings, setting: &str, folder: &Path, needed: u64) {
    let (shown, folder) = (folder.display(), existing(folder));
    if !folder.is_dir() || access(&folder, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let error =
            format!("{} cannot be written; let {setting} name a folder that this user may write to", folder.display());
        return findings.problem(setting, &Error::new(Kind::Disk, error));
    }
    let free = match statvfs(&folder) {
        Ok(known) => known.f_bavail.saturating_mul(known.f_frsize),
        Err(error) => {
            return findings.warn(setting, format!("unknown how much space is free in {shown}: {error}"), "see df");
        }
    };
    let free_there = format!("{} free in {shown}", size(free));
    let estimate = format!("{free_there}; up to {} are needed, by the size of the tables in the source", size(needed));
    match needed {
        0 => findings.ok(setting, free_there),
        needed if free < needed => {
            findings.warn(setting, estimate, "make room, or name a folder on another disk");
        }
        _ => findings.ok(setting, estimate),
    }
}

fn lake(config: &Config, findings: &mut Findings) {
    let path = config.lake.display();
    if !config.lake.exists() {
        return findings.ok("lake", format!("{path} will be created"));
    }
    let written = version(&config.lake).map(|version| format!(", written by DuckDB {version}")).unwrap_or_default();
    // Opening a file whose writer crashed would fold its log in, which is a change.
    if PathBuf::from(format!("{path}.wal")).exists() {
        return findings
            .ok("lake", format!("{path}{written}; its writer is at work or was killed: the next cycle goes on there"));
    }
    match DuckDb::default().open_to_look(&config.lake_settings()) {
        Ok(_) => findings.ok("lake", format!("{path}{written}, free")),
        Err(error) if error.kind() == Kind::LakeBusy => {
            findings.warn(
                "lake",
                error.to_string(),
                "close it there, or let that program open it read-only and briefly",
            );
        }
        Err(error) => findings.problem("lake", &error),
    }
}

/// The version in a DuckDB file's header: checksum (8 bytes), `DUCK`, format (8), flags (32), then the library's version.
fn version(path: &Path) -> Option<String> {
    let mut header = [0; 84];
    std::fs::File::open(path).ok()?.read_exact(&mut header).ok()?;
    let text = std::str::from_utf8(&header[52..84]).ok()?.trim_end_matches('\0');
    (&header[8..12] == b"DUCK" && !text.is_empty()).then(|| text.to_owned())
}
