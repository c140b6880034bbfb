//! Opening the lake file, and what it means when that fails.

use super::session::Session;
use crate::config::{DeclareKey, LakeSettings, Memory};
use crate::error::{Error, Kind, Result};
use crate::model::sql::{Lit, Sql};
use crate::model::{FileIdentity, FileState};
use crate::sql;
use duckdb::Connection;
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A DuckDB without a file of its own, to which the lake is attached for each use: starting one anew would take as long as
/// the work itself.
#[derive(Default)]
pub struct DuckDb {
    instance: Option<Connection>,
    uses: u32,
    /// When it was last used.
    used: Option<Instant>,
}

/// The open lake. DuckDB locks the file for as long as this lives.
pub struct Lake {
    pub(super) db: Session,
    pub(super) memory: Memory,
    pub(super) declare_key: DeclareKey,
    /// Percent.
    pub(super) delete_brake: u64,
    /// Little memory was not enough for loading.
    pub(super) full_memory: Cell<bool>,
    /// Its `_pg2duck` is as this version wants it: nobody else can change that while the file is open.
    pub(super) prepared: Cell<bool>,
    /// What stands beside the file as long as it is open and somebody's indexes are in it.
    open_mark: Option<PathBuf>,
}

/// Bytes of the file at `path`, without opening it; `None` when there is none.
pub fn size(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|meta| meta.len())
}

/// Reads who the file at `path` is, without opening it (a second descriptor would drop DuckDB's lock when closed).
pub fn identity(path: &Path) -> FileIdentity {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|meta| FileState {
        device: meta.dev(),
        inode: meta.ino(),
        size: meta.size(),
        modified: (meta.mtime(), meta.mtime_nsec()),
        changed: (meta.ctime(), meta.ctime_nsec()),
        log: log(path).exists(),
    })
}

/// What tells, once the log is gone, that the file was not closed in order: whoever opened it next has replayed the log.
fn open_mark(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.open", path.display()))
}

/// Where DuckDB writes before it writes to the file itself.
fn log(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.wal", path.display()))
}

const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// DuckDB 1.5 grows with what it has done (duckdb#25162): by 0.1 MB per cycle of 1,000 upserts. So it is started anew once in
/// a while.
const MOST_USES: u32 = 100;
/// Until then the next commit may come any moment, and must not wait for a new one to start.
const LONGEST_IDLE: Duration = Duration::from_secs(10);
/// The name under which the file is attached: one that no schema of a source has, since DuckDB would not know which is meant.
pub(super) const CATALOG_NAME: &str = "pg2duck_lake";
pub(super) static CATALOG: Sql = Sql::fixed(CATALOG_NAME);

/// What may be done to the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    ReadOnly,
    ReadWrite,
}

impl DuckDb {
    /// Opens the lake for writing, waiting up to `patience` for another process to let go.
    ///
    /// # Errors
    /// `LakeBusy` names the holder; `Lake` says why the file cannot be used at all.
    pub fn open(&mut self, settings: &LakeSettings, patience: Duration) -> Result<Lake> {
        let deadline = Instant::now() + patience;
        let mut wait = FIRST_WAIT;
        loop {
            match self.try_open(settings, Access::ReadWrite) {
                Err(error) if error.kind() == Kind::LakeBusy && Instant::now() + wait < deadline => {
                    std::thread::sleep(wait);
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
                other => return other,
            }
        }
    }

    /// Opens the lake for reading, beside other readers; for writing where a crash left a write-ahead log, which a reader
    /// cannot fold in.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_to_look(&mut self, settings: &LakeSettings) -> Result<Lake> {
        self.try_open(settings, if log(&settings.path).exists() { Access::ReadWrite } else { Access::ReadOnly })
    }

    /// Forgets the instance after an error that has ended it: the next use starts another one.
    pub fn restart(&mut self) {
        *self = Self::default();
    }

    /// Gives back the memory that it keeps between two uses, once the last one is a while ago.
    pub fn release_if_idle(&mut self) {
        if self.used.is_some_and(|at| at.elapsed() >= LONGEST_IDLE) {
            *self = Self::default();
        }
    }

    fn try_open(&mut self, settings: &LakeSettings, access: Access) -> Result<Lake> {
        let mark = open_mark(&settings.path);
        let unclean = log(&settings.path).exists() || mark.exists();
        let opened = self.session(settings).and_then(|db| attach(&db, &settings.path, &CATALOG, access).map(|()| db));
        let db = opened.map_err(|error| {
            // Whatever is wrong with it, the next one is not.
            self.instance = None;
            open_error(&settings.path, &error)
        })?;
        self.uses += 1;
        self.used = Some(Instant::now());
        let mut lake = Lake {
            db,
            memory: settings.memory,
            declare_key: settings.declare_key,
            delete_brake: settings.delete_brake,
            full_memory: Cell::new(false),
            prepared: Cell::new(false),
            open_mark: None,
        };
        // As a bootstrap may have left it.
        lake.execute("set max_vacuum_tasks", &Sql::fixed("SET max_vacuum_tasks = 0"))?;
        lake.release_memory()?;
        if access == Access::ReadWrite {
            lake.mend_indexes(mark, unclean)?;
        }
        Ok(lake)
    }

    fn session(&mut self, settings: &LakeSettings) -> Result<Session, duckdb::Error> {
        if self.uses >= MOST_USES {
            *self = Self::default();
        }
        let connection = match &self.instance {
            Some(instance) => instance.try_clone(),
            None => {
                let instance = Connection::open_in_memory_with_flags(duckdb_settings(settings)?)?;
                self.instance.insert(instance).try_clone()
            }
        };
        connection.map(Session::new)
    }
}

/// Bytes of a new file's blocks; one that exists keeps its own. DuckDB's 262,144 are what each column of a changed table takes in memory,
/// and at least that on the disk: updating one row of 1,000 columns did not fit into 512 MB; 969 small tables took 549 MB of disk, now 157.
/// 2 M rows of 5 columns take as long and as much room (28 MB; with 16,384 twice as much). DuckDB 1.1 and newer read it, 1.0 does not.
const BLOCK_SIZE: u32 = 65_536;

pub(super) fn attach(db: &Session, path: &Path, name: &Sql, access: Access) -> Result<(), duckdb::Error> {
    let options = match access {
        Access::ReadOnly => Sql::fixed(" (READ_ONLY)"),
        Access::ReadWrite if !path.exists() => sql!(" (BLOCK_SIZE {})", BLOCK_SIZE),
        Access::ReadWrite => Sql::fixed(""),
    };
    let path = path.to_string_lossy();
    // TIMESTAMPTZ text and casts must not depend on the machine. The bodies of macros are looked up in the database in use.
    let statements = sql!("ATTACH {} AS {}{}; USE {}.main; SET TimeZone = 'UTC'", Lit(&path), name, options, name);
    db.run(&statements)
}

/// The statement that bounds DuckDB's memory.
pub(super) fn memory_limit(limit: Memory) -> Sql {
    sql!("SET memory_limit = {}", Lit(&limit.to_string()))
}

impl Drop for Lake {
    fn drop(&mut self) {
        // What is under way has failed, and was told.
        self.db.roll_back();
        match self.execute("close the lake", &sql!("USE memory.main; DETACH {}", CATALOG)) {
            Ok(()) => {
                // Left behind, it costs building the indexes anew.
                let _ = self.open_mark.take().map(std::fs::remove_file);
            }
            // It is started anew, and what ended it was told.
            Err(error) if error.kind() != Kind::LakeDied => tracing::warn!("{error}"),
            Err(_) => {}
        }
    }
}

impl Lake {
    /// Indexes that are not ours are built anew where the file was not closed in order, or where they stood aside when it was.
    fn mend_indexes(&mut self, mark: PathBuf, unclean: bool) -> Result<()> {
        if self.has_indexes()? {
            // Best effort: without it only the log tells.
            let _ = std::fs::File::create(&mark);
            self.open_mark = Some(mark);
            if unclean {
                self.distrust_indexes()?;
            }
        } else if mark.exists() {
            self.open_mark = Some(mark);
        }
        if self.has_indexes_aside()? { self.rebuild_indexes() } else { Ok(()) }
    }

    /// Bounds DuckDB's memory to `limit`, or to what is configured where that is less.
    pub(super) fn limit_memory(&self, limit: Memory) -> Result<()> {
        self.execute("set memory_limit", &memory_limit(limit.min(self.memory)))
    }

    /// Merges row groups that changes have left small, or half empty: work for many rows at a time. Left to itself, DuckDB does
    /// it whenever the file is closed (measured: a cycle of 10,000 changes after one of 100,000: 1.2 s instead of 0.5).
    pub fn merge_row_groups(&self) -> Result<()> {
        self.execute("merge row groups", &sql!("SET max_vacuum_tasks = {}; CHECKPOINT {}", MERGES, CATALOG))
    }

    /// Has loads of bootstraps take all the memory that is configured.
    pub fn use_full_memory(&self) {
        self.full_memory.set(true);
    }

    /// Gives DuckDB back the memory that is configured.
    pub(super) fn release_memory(&self) -> Result<()> {
        self.limit_memory(self.memory)
    }
}

/// DuckDB's default.
const MERGES: u32 = 100;

/// With a second thread, DuckDB's threads wait for each other on batches of this size, at full speed (measured: loading 2 M rows
/// 4.4 s of one core or 5.8 s of two, a cycle of 100,000 changes 0.8 s of processor time or 1.0 to 2.5); it also takes more
/// memory. The other cores are the source's and the readers'.
const THREADS: i64 = 1;

pub(super) fn duckdb_settings(settings: &LakeSettings) -> Result<duckdb::Config, duckdb::Error> {
    // Spilling beside the file rather than inside a folder that may be small (/tmp in a container).
    let spill = PathBuf::from(format!("{}.tmp", settings.path.display()));
    duckdb::Config::default()
        .max_memory(&settings.memory.to_string())?
        .threads(THREADS)?
        .with("temp_directory", spill.to_string_lossy())?
        .enable_autoload_extension(false)
}

/// Tells a held lock from a file that cannot be used. DuckDB offers no codes, only text (1.5).
pub(super) fn open_error(path: &Path, error: &duckdb::Error) -> Error {
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
    let cause = text.lines().next().unwrap_or("DuckDB gave no reason");
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
