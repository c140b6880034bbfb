//! Opening the lake file, and what it means when that fails.

use crate::config::{Config, DeclareKey, Memory};
use crate::error::{Error, Kind, Result};
use duckdb::{AccessMode, Connection};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The open lake. DuckDB locks the file for as long as this lives.
pub struct Lake {
    pub(super) db: Connection,
    pub(super) memory: Memory,
    pub(super) declare_key: DeclareKey,
    /// Percent.
    pub(super) delete_brake: u64,
}

/// Which file stands at a path: changes when the file is replaced, `None` when it is gone.
pub type FileIdentity = Option<(u64, u64)>;

/// Reads who the file at `path` is, without opening it (a second descriptor would drop DuckDB's lock when closed).
pub fn identity(path: &Path) -> FileIdentity {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

impl Lake {
    /// Opens for writing, waiting up to `patience` for another process to let go.
    ///
    /// # Errors
    /// `LakeBusy` names the holder; `Lake` says why the file cannot be used at all.
    pub fn open(config: &Config, patience: Duration) -> Result<Self> {
        let deadline = Instant::now() + patience;
        let mut wait = FIRST_WAIT;
        loop {
            match Self::try_open(config, AccessMode::ReadWrite) {
                Err(error) if error.kind() == Kind::LakeBusy && Instant::now() + wait < deadline => {
                    std::thread::sleep(wait);
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
                other => return other,
            }
        }
    }

    /// Opens for reading, beside other readers; for writing where a crash left a write-ahead log, which a reader cannot
    /// fold in.
    pub fn open_to_look(config: &Config) -> Result<Self> {
        let log = PathBuf::from(format!("{}.wal", config.lake.display()));
        Self::try_open(config, if log.exists() { AccessMode::ReadWrite } else { AccessMode::ReadOnly })
    }

    /// Bounds DuckDB's memory to `limit`, or to what is configured where that is less.
    pub(super) fn limit_memory(&self, limit: Memory) -> Result<()> {
        self.execute("set memory_limit", &format!("SET memory_limit = '{}'", limit.min(self.memory)))
    }

    /// Gives DuckDB back the memory that is configured.
    pub(super) fn release_memory(&self) -> Result<()> {
        self.limit_memory(self.memory)
    }

    fn try_open(config: &Config, mode: AccessMode) -> Result<Self> {
        let opened = settings(config, mode).and_then(|settings| Connection::open_with_flags(&config.lake, settings));
        let db = opened.map_err(|error| open_error(&config.lake, &error))?;
        // TIMESTAMPTZ text and casts must not depend on the machine.
        db.execute_batch("SET TimeZone = 'UTC'").map_err(|error| open_error(&config.lake, &error))?;
        Ok(Self { db, memory: config.lake_memory, declare_key: config.declare_key, delete_brake: config.delete_brake })
    }
}

fn settings(config: &Config, mode: AccessMode) -> Result<duckdb::Config, duckdb::Error> {
    // Spilling beside the file rather than inside a folder that may be small (/tmp in a container).
    let spill = PathBuf::from(format!("{}.tmp", config.lake.display()));
    duckdb::Config::default()
        .access_mode(mode)?
        .max_memory(&config.lake_memory.to_string())?
        .threads(std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4)) as i64)?
        .with("temp_directory", spill.to_string_lossy())?
        .enable_autoload_extension(false)
}

/// Tells a held lock from a file that cannot be used. DuckDB offers no codes, only text (1.5).
fn open_error(path: &Path, error: &duckdb::Error) -> Error {
    let text = error.to_string();
    let path = path.display();
    if text.contains("Could not set lock") || text.contains("Conflicting lock") {
        // `… held in /usr/bin/python3.11 (PID 4711). See also …`
        let holder = text.split_once("held in ").and_then(|(_, rest)| rest.split(". See").next()).map(str::trim);
        let holder = holder.unwrap_or("another process");
        return Error::new(
            Kind::LakeBusy,
            format!("lake file {path} is held by {holder}; batches are kept and applied once it lets go"),
        );
    }
    let cause = text.lines().next().unwrap_or_default();
    let advice = if text.contains("not a valid DuckDB database") {
        "DUCKDB_PATH must name a DuckDB file or a path where none exists yet"
    } else if text.contains("newer version") || text.contains("version number") {
        "it was written by a newer DuckDB than the 1.5.5 in pg2duck; set DUCKDB_PATH to another path, or move the file away"
    } else if text.contains("Cannot open file") || text.contains("Permission denied") || text.contains("No such file") {
        "the folder of DUCKDB_PATH must exist and be writable by this user"
    } else {
        "if the file is damaged, move it away and it is built anew"
    };
    Error::new(Kind::Lake, format!("open lake file {path}: {cause}; {advice}"))
}
