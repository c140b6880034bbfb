//! Configuration in two steps: the raw environment ([`raw`]), then a validated [`Config`].
//!
//! Validation reports *all* problems at once, each as one sentence with the variable, the bad value (never a secret) and
//! the accepted form. Nothing here connects anywhere; only secret files (`NAME_FILE`) are read.

pub mod raw;
pub mod secret;
pub mod selection;
pub mod session;
pub mod settings;
pub mod source;
pub mod values;

pub use secret::Secret;
pub use selection::{LakeTemplate, Selection};
pub use session::SessionSettings;
pub use settings::{TableSettings, TableSettingsMap};
pub use source::Source;
pub use values::{DeclareKey, Deletes, LogFormat, Memory, Retention};

use crate::error::{Error, Result};
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
    pub selection: Selection,
    pub tables: TableSettingsMap,
    /// What the text of a masked column is hashed with.
    pub mask_salt: Secret,
    /// How far behind the fence each poll reads again; covers clock skew and rounding of the cursor column.
    pub overlap: Duration,
    /// How often a table with a cursor column is also read by `xmin` alone, to find rows changed behind the trigger's back.
    pub sweep_interval: Duration,
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
}

/// Collects problems so that a user sees all of them in one run.
#[derive(Debug, Default)]
pub struct Problems(Vec<String>);

impl Problems {
    /// Notes a problem.
    pub fn add(&mut self, sentence: impl Into<String>) {
        self.0.push(sentence.into());
    }

    /// Keeps the value, or notes the problem and goes on with the default.
    pub fn keep<T>(&mut self, parsed: Result<T, String>, default: T) -> T {
        parsed.unwrap_or_else(|sentence| {
            self.add(sentence);
            default
        })
    }

    fn into_result<T>(self, value: T) -> Result<T> {
        match self.0.as_slice() {
            [] => Ok(value),
            [only] => Err(Error::config(only.clone())),
            many => Err(Error::config(format!(
                "{} settings need attention:{}",
                many.len(),
                many.iter().map(|sentence| format!("\n  - {sentence}")).collect::<String>()
            ))),
        }
    }
}

impl Config {
    /// Validates the raw environment.
    ///
    /// # Errors
    /// One error of kind `Config` that lists every problem.
    pub fn from_raw(raw: &RawEnv) -> Result<Self> {
        let mut problems = Problems::default();
        refuse_what_is_not_built(raw, &mut problems);
        let config = Self {
            source: Source::from_raw(raw, &mut problems),
            setup_source: Source::for_setup(raw, &mut problems),
            selection: Selection::from_raw(raw, &mut problems),
            tables: TableSettingsMap::from_raw(raw, &mut problems),
            mask_salt: Secret::new("MASK_SALT", &raw.mask_salt, &raw.mask_salt_file, &mut problems).unwrap_or_default(),
            overlap: problems.keep(
                values::duration("CURSOR_OVERLAP", raw.cursor_overlap.as_deref(), Duration::from_secs(300)),
                Duration::ZERO,
            ),
            sweep_interval: problems.keep(
                values::duration("SWEEP_INTERVAL", raw.sweep_interval.as_deref(), Duration::from_secs(3600)),
                Duration::ZERO,
            ),
            audit: raw.audit.as_deref().and_then(|value| {
                let choices = [("keys", Audit::Keys), ("full", Audit::Full), ("off", Audit::Off)];
                problems.keep(values::choice("AUDIT", value, &choices).map(Some), None)
            }),
            diff_interval: problems.keep(
                values::duration("DIFF_INTERVAL", raw.diff_interval.as_deref(), Duration::from_secs(600)),
                Duration::ZERO,
            ),
            diff_rows_per_second: problems.keep(
                values::whole("DIFF_ROWS_PER_SECOND", raw.diff_rows_per_second.as_deref(), 100_000, 1..=1 << 40),
                1,
            ),
            delete_brake: problems.keep(values::percent("DELETE_BRAKE", raw.delete_brake.as_deref(), 30), 30),
            chunk_pages: problems.keep(
                values::whole("BOOTSTRAP_CHUNK_PAGES", raw.bootstrap_chunk_pages.as_deref(), 8192, 1..=1 << 31),
                1,
            ),
            bootstrap_workers: problems.keep(
                values::whole("BOOTSTRAP_WORKERS", raw.bootstrap_workers.as_deref(), 1, 1..=32).map(|n| n as usize),
                1,
            ),
            batch_size: problems.keep(
                values::whole("BATCH_SIZE", raw.batch_size.as_deref(), 10_000, 1..=10_000_000)
                    .map(|rows| rows as usize),
                1,
            ),
            interval: problems.keep(
                values::whole("SYNC_INTERVAL_SECONDS", raw.sync_interval_seconds.as_deref(), 30, 1..=86_400)
                    .map(Duration::from_secs),
                Duration::ZERO,
            ),
            listen: problems.keep(
                raw.listen
                    .as_deref()
                    .map_or(Ok(false), |value| values::choice("LISTEN", value, &[("true", true), ("false", false)])),
                false,
            ),
            debounce: problems.keep(
                values::whole("NOTIFY_DEBOUNCE_MS", raw.notify_debounce_ms.as_deref(), 20, 0..=60_000)
                    .map(Duration::from_millis),
                Duration::ZERO,
            ),
            statement_timeout: problems.keep(
                values::duration("STATEMENT_TIMEOUT", raw.statement_timeout.as_deref(), Duration::from_secs(600)),
                Duration::ZERO,
            ),
            lock_timeout: problems.keep(
                values::duration("LOCK_TIMEOUT", raw.lock_timeout.as_deref(), Duration::from_secs(5)),
                Duration::ZERO,
            ),
            lake: path(raw.duckdb_path.as_deref(), "lake/warehouse.duckdb"),
            lake_table: LakeTemplate::from_raw(raw, &mut problems),
            lake_memory: {
                let default = Memory::megabytes(512);
                problems
                    .keep(Memory::parse("DUCKDB_MEMORY_LIMIT", raw.duckdb_memory_limit.as_deref(), default), default)
            },
            declare_key: problems.keep(DeclareKey::parse(raw.duckdb_primary_key.as_deref()), DeclareKey::Auto),
            parquet_dir: path(raw.parquet_dir.as_deref(), "parquet"),
            retention: problems.keep(Retention::parse(raw.parquet_retention.as_deref()), Retention::Forever),
            state_dir: state_dir(raw),
            log_format: problems.keep(LogFormat::parse(raw.log_format.as_deref()), LogFormat::Text),
        };
        problems.into_result(config)
    }
}

impl Config {
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
pub fn state_dir(raw: &RawEnv) -> PathBuf {
    path(raw.state_dir.as_deref(), "state")
}

fn path(value: Option<&str>, default: &str) -> PathBuf {
    PathBuf::from(value.unwrap_or(default))
}

/// A setting that this version cannot honour is refused, so that nobody believes it is in force.
fn refuse_what_is_not_built(raw: &RawEnv, problems: &mut Problems) {
    let built = [("READERS", &raw.readers, "direct")];
    for (name, value, accepted) in built {
        if let Some(value) = value.as_deref().filter(|value| !value.eq_ignore_ascii_case(accepted)) {
            problems.add(format!("{name}={value}: this version knows only {name}={accepted}"));
        }
    }
    if let Some(value) = &raw.http_listen {
        problems.add(format!("HTTP_LISTEN={value}: this version has no HTTP endpoint; unset it"));
    }
}

#[cfg(test)]
mod tests;
