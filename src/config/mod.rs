//! Configuration in two steps: the raw environment ([`raw`]), then a validated [`Config`].
//!
//! Validation reports *all* problems at once, each as one sentence with the variable, the bad value (never a secret) and
//! the accepted form. Nothing here connects anywhere; only secret files (`NAME_FILE`) are read.

pub mod lake;
pub mod per_table;
pub mod problems;
pub mod raw;
pub mod secret;
pub mod selection;
pub mod session;
pub mod setting;
pub mod settings;
pub mod source;
pub mod values;

pub use lake::LakeSettings;
pub use per_table::{TableSettings, TableSettingsMap};
pub use problems::Problems;
pub use secret::Secret;
pub use selection::{LakeTemplate, Selection};
pub use session::SessionSettings;
pub use source::Source;
pub use values::{DeclareKey, Deletes, LogFormat, Memory, Retention};

use crate::error::Result;
use crate::model::Audit;
use raw::RawEnv;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::time::Duration;

/// Everything pg2duck needs to know, validated.
#[derive(Debug, Clone)]
pub struct Config {
    pub source: Source,
    /// How `setup` connects, where the role that syncs may not change the source.
    pub setup_source: Option<Source>,
    /// Whom to ask for open transactions, where the source is a standby.
    pub primary: Option<Source>,
    pub selection: Selection,
    pub tables: TableSettingsMap,
    /// What the text of a masked column is hashed with.
    pub mask_salt: Secret,
    /// How far behind the fence each poll reads again; covers clock skew and rounding of the cursor column.
    pub lookback: Duration,
    /// How often a table with a cursor column is also read by `xmin` alone, to find rows changed behind the trigger's back.
    pub full_scan_interval: Duration,
    /// What the triggers of the source are to record, where that is said.
    pub audit: Option<Audit>,
    /// How often all keys of a table are compared to find deleted rows.
    pub diff_interval: Duration,
    /// How many keys of a table may be compared, per second of the interval between two cycles.
    pub diff_rows_per_second: u64,
    /// The share of a table, in percent, that a comparison may delete at once.
    pub delete_brake: u64,
    /// Heap pages that one transaction of a bootstrap reads.
    pub chunk_pages: u64,
    /// Chunks of a bootstrap read at the same time, each on a connection of its own.
    pub bootstrap_workers: usize,
    /// Rows per frame and Parquet file.
    pub batch_size: usize,
    pub interval: Duration,
    /// Whether notifications of the source wake the loop.
    pub listen: bool,
    /// How long a notification waits for more of its kind.
    pub debounce: Duration,
    pub statement_timeout: Duration,
    pub lock_timeout: Duration,
    pub lake: PathBuf,
    pub lake_table: LakeTemplate,
    pub lake_memory: Memory,
    pub declare_key: DeclareKey,
    pub parquet_dir: PathBuf,
    pub retention: Retention,
    pub state_dir: PathBuf,
    pub log_format: LogFormat,
    /// What is logged, as `RUST_LOG` spells it.
    pub log_filter: String,
}

impl Config {
    /// Validates the raw environment.
    ///
    /// # Errors
    /// One error of kind `Config` that lists every problem.
    pub fn from_raw(raw: &RawEnv) -> Result<Self> {
        Self::read(raw).map_err(Problems::into_error)
    }

    fn read(raw: &RawEnv) -> Result<Self, Problems> {
        // All is looked at before anything is refused, so that a user sees every problem in one run.
        let source = Source::from_raw(raw);
        let setup_source = Source::for_setup(raw);
        let primary = Source::primary(raw);
        let selection = Selection::from_raw(raw);
        let tables = TableSettingsMap::from_raw(raw);
        let mask_salt = settings::MASK_SALT.value(raw);
        let found = [
            Problems::of(&source),
            Problems::of(&setup_source),
            Problems::of(&primary),
            Problems::of(&selection),
            Problems::of(&tables),
            Problems::of(&mask_salt),
        ];
        let singly = settings::problems(raw);
        Problems::refuse(raw.problems.iter().cloned().chain(singly).chain(found.into_iter().flatten()))?;
        Ok(Self {
            source: source?,
            setup_source: setup_source?,
            primary: primary?,
            selection: selection?,
            tables: tables?,
            mask_salt: mask_salt?,
            lookback: settings::CURSOR_OVERLAP.value(raw)?,
            full_scan_interval: settings::SWEEP_INTERVAL.value(raw)?,
            audit: settings::AUDIT.read(raw)?,
            diff_interval: settings::DIFF_INTERVAL.value(raw)?,
            diff_rows_per_second: settings::DIFF_ROWS_PER_SECOND.value(raw)?,
            delete_brake: settings::DELETE_BRAKE.value(raw)?,
            chunk_pages: settings::BOOTSTRAP_CHUNK_PAGES.value(raw)?,
            bootstrap_workers: settings::BOOTSTRAP_WORKERS.value(raw)?,
            batch_size: settings::BATCH_SIZE.value(raw)?,
            interval: settings::SYNC_INTERVAL_SECONDS.value(raw)?,
            listen: settings::LISTEN.value(raw)?,
            debounce: settings::NOTIFY_DEBOUNCE_MS.value(raw)?,
            statement_timeout: settings::STATEMENT_TIMEOUT.value(raw)?,
            lock_timeout: settings::LOCK_TIMEOUT.value(raw)?,
            lake: settings::DUCKDB_PATH.value(raw)?,
            lake_table: settings::DUCKDB_TABLE.read(raw)?.unwrap_or_default(),
            lake_memory: settings::DUCKDB_MEMORY_LIMIT.value(raw)?,
            declare_key: settings::DUCKDB_PRIMARY_KEY.value(raw)?,
            parquet_dir: settings::PARQUET_DIR.value(raw)?,
            retention: settings::PARQUET_RETENTION.value(raw)?,
            state_dir: settings::STATE_DIR.value(raw)?,
            log_format: settings::LOG_FORMAT.value(raw)?,
            log_filter: settings::RUST_LOG.value(raw)?,
        })
    }

    /// Tells these settings, and this version of pg2duck, from any others. A hash, since some of them are secrets.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        format!("{self:?}").hash(&mut hasher);
        // What `Debug` does not show.
        self.source.options.get_username().hash(&mut hasher);
        self.source.options.get_options().hash(&mut hasher);
        self.mask_salt.reveal().hash(&mut hasher);
        hasher.finish()
    }
}

/// Where the state lives. The one setting that `status` needs.
///
/// # Errors
/// Variables that may be meant for it cannot be read.
pub fn state_dir(raw: &RawEnv) -> Result<PathBuf> {
    let read = Problems::refuse(raw.problems.iter().cloned()).and_then(|()| settings::STATE_DIR.value(raw));
    read.map_err(Problems::into_error)
}

#[cfg(test)]
mod documentation;
#[cfg(test)]
mod tests;
