//! Settings of what is written, how fast, and of the process.

use crate::config::selection::LakeTemplate;
use crate::config::setting::{Form, Setting};
use crate::config::values::{FILE, FOLDER, SIZE, SWITCH, text};
use crate::config::{DeclareKey, LogFormat, Memory, Retention};
use std::path::PathBuf;
use std::time::Duration;

pub static DUCKDB_PATH: Setting<PathBuf> =
    Setting::new("DUCKDB_PATH", |raw| &raw.duckdb_path, FILE, "The lake: a DuckDB file, made where it is missing.")
        .default("lake/warehouse.duckdb");

pub static DUCKDB_TABLE: Setting<LakeTemplate> = Setting::new(
    "DUCKDB_TABLE",
    |raw| &raw.duckdb_table,
    LakeTemplate::FORM,
    "What a table is called in the lake, as in `raw.{schema}_{table}`. Without a schema it is in `main`. Unset it means \
     `{schema}.{table}`, but for `public`, which becomes `main`.",
)
.unset("`{schema}.{table}`, `public` as `main`");

pub static DUCKDB_MEMORY_LIMIT: Setting<Memory> = Setting::new(
    "DUCKDB_MEMORY_LIMIT",
    |raw| &raw.duckdb_memory_limit,
    SIZE,
    "The memory for DuckDB's part of the work.",
)
.default("512MB");

pub static DUCKDB_PRIMARY_KEY: Setting<DeclareKey> = Setting::new(
    "DUCKDB_PRIMARY_KEY",
    |raw| &raw.duckdb_primary_key,
    DeclareKey::FORM,
    "Whether lake tables declare their key, which is unique in any case: `auto` up to 160,000 rows with a whole number as key, \
     40,000 with another. DuckDB holds a declared key's index in memory.",
)
.default("auto");

pub static READERS: Setting<()> = Setting::new(
    "READERS",
    |raw| &raw.readers,
    Form::Judged("direct", |text| match text.eq_ignore_ascii_case("direct") {
        true => Ok(()),
        false => Err("this version knows only READERS=direct".into()),
    }),
    "How others read the lake: they open the file itself, between two cycles.",
)
.default("direct");

pub static PARQUET_DIR: Setting<PathBuf> =
    Setting::new("PARQUET_DIR", |raw| &raw.parquet_dir, FOLDER, "Where every batch is kept as a Parquet file.")
        .default("parquet");

pub static PARQUET_RETENTION: Setting<Retention> = Setting::new(
    "PARQUET_RETENTION",
    |raw| &raw.parquet_retention,
    Retention::FORM,
    "How long files stay that have been applied to the lake; a number is that of the newest files of each table.",
)
.default("7d");

pub static BATCH_SIZE: Setting<usize> = Setting::new(
    "BATCH_SIZE",
    |raw| &raw.batch_size,
    Form::Whole(1..=10_000_000, |rows| usize::try_from(rows).ok()),
    "Rows of a Parquet file, at most.",
)
.default("10000");

pub static SYNC_INTERVAL_SECONDS: Setting<Duration> = Setting::new(
    "SYNC_INTERVAL_SECONDS",
    |raw| &raw.sync_interval_seconds,
    Form::Whole(1..=86_400, |seconds| Some(Duration::from_secs(seconds))),
    "The time from one cycle of `pg2duck run` to the next.",
)
.default("30");

pub static LISTEN: Setting<bool> = Setting::new(
    "LISTEN",
    |raw| &raw.listen,
    SWITCH,
    "Whether a notification of the source wakes the loop at once. It needs `pg2duck setup --notify`; what that costs is in \
     [operations.md](operations.md#notify).",
)
.default("false");

pub static NOTIFY_DEBOUNCE_MS: Setting<Duration> = Setting::new(
    "NOTIFY_DEBOUNCE_MS",
    |raw| &raw.notify_debounce_ms,
    Form::Whole(0..=60_000, |milliseconds| Some(Duration::from_millis(milliseconds))),
    "How long a notification waits for more of its kind.",
)
.default("20");

pub static BOOTSTRAP_CHUNK_PAGES: Setting<u64> = Setting::new(
    "BOOTSTRAP_CHUNK_PAGES",
    |raw| &raw.bootstrap_chunk_pages,
    Form::Whole(1..=1 << 31, Some),
    "Heap pages that one transaction of a bootstrap reads: 8192 are 64 MB.",
)
.default("8192");

pub static BOOTSTRAP_WORKERS: Setting<usize> = Setting::new(
    "BOOTSTRAP_WORKERS",
    |raw| &raw.bootstrap_workers,
    Form::Whole(1..=32, |workers| usize::try_from(workers).ok()),
    "Chunks of a bootstrap that are read at the same time, each on a connection of its own.",
)
.default("1");

pub static STATE_DIR: Setting<PathBuf> = Setting::new(
    "STATE_DIR",
    |raw| &raw.state_dir,
    FOLDER,
    "Where pg2duck remembers how far it is. One process per folder; without it, everything is bootstrapped again.",
)
.default("state");

pub static LOG_FORMAT: Setting<LogFormat> = Setting::new(
    "LOG_FORMAT",
    |raw| &raw.log_format,
    LogFormat::FORM,
    "How log lines look: `text` for people, `json` for machines.",
)
.default("text");

pub static RUST_LOG: Setting<String> = Setting::new(
    "RUST_LOG",
    |raw| &raw.rust_log,
    text("a filter such as info or pg2duck=debug"),
    "What is logged, on standard error.",
)
.default("warn,pg2duck=info");

pub static HTTP_LISTEN: Setting<()> = Setting::new(
    "HTTP_LISTEN",
    |raw| &raw.http_listen,
    Form::Judged("nothing yet", |_| Err("this version has no HTTP endpoint; unset it".into())),
    "Kept for an HTTP endpoint, which this version does not have.",
);
