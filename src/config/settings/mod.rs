//! The one table of settings: everything that users can set, in the groups and the order of `docs/settings.md`, which is
//! generated from it (`make docs`).
//!
//! `reading.rs` has what concerns the source, `writing.rs` the rest. A setting's default, form and meaning are written there
//! and nowhere else.

mod reading;
mod writing;

pub use reading::*;
pub use writing::*;

use super::setting::Described;
use super::{Problems, raw::RawEnv};

/// Settings that belong together.
pub struct Group {
    pub title: &'static str,
    pub settings: &'static [&'static dyn Described],
}

/// All of them.
pub static GROUPS: [Group; 8] = [
    Group {
        title: "The source",
        settings: &[
            &DATABASE_URL,
            &POSTGRES_HOST,
            &POSTGRES_PORT,
            &POSTGRES_DB,
            &POSTGRES_USER,
            &POSTGRES_PASSWORD,
            &POSTGRES_SSLMODE,
            &POSTGRES_SSLROOTCERT,
            &SETUP_DATABASE_URL,
            &PRIMARY_URL,
            &STATEMENT_TIMEOUT,
            &LOCK_TIMEOUT,
        ],
    },
    Group {
        title: "What is synced",
        settings: &[
            &SYNC_TABLES,
            &POSTGRES_SCHEMA,
            &POSTGRES_TABLE,
            &POSTGRES_PRIMARY_KEY,
            &COLUMNS,
            &EXCLUDE,
            &MASK,
            &MASK_SALT,
            &SYNC_MODE,
            &SYNCED_AT,
            &NUMERIC,
            &CHAR,
            &TYPE,
            &REJECTS,
        ],
    },
    Group { title: "Finding changes", settings: &[&CURSOR_COLUMN, &CURSOR_OVERLAP, &SWEEP_INTERVAL] },
    Group {
        title: "Finding deletes",
        settings: &[&DELETES, &AUDIT, &DIFF_INTERVAL, &DIFF_ROWS_PER_SECOND, &DELETE_BRAKE],
    },
    Group {
        title: "The lake",
        settings: &[&DUCKDB_PATH, &DUCKDB_TABLE, &DUCKDB_MEMORY_LIMIT, &DUCKDB_PRIMARY_KEY, &READERS],
    },
    Group { title: "The archive", settings: &[&PARQUET_DIR, &PARQUET_RETENTION, &BATCH_SIZE] },
    Group {
        title: "Pacing",
        settings: &[&SYNC_INTERVAL_SECONDS, &LISTEN, &NOTIFY_DEBOUNCE_MS, &BOOTSTRAP_CHUNK_PAGES, &BOOTSTRAP_WORKERS],
    },
    Group { title: "The process", settings: &[&STATE_DIR, &LOG_FORMAT, &RUST_LOG, &HTTP_LISTEN] },
];

/// How variables begin that are about a single table: `SYNC_TABLE_<NAME>_<SETTING>`.
pub const PER_TABLE: &str = "SYNC_TABLE_";

pub use crate::model::name::variable_name;

/// Every setting.
pub fn all() -> impl Iterator<Item = &'static dyn Described> {
    GROUPS.iter().flat_map(|group| group.settings).copied()
}

/// Those that may be said of a single table, and what they are called there.
pub fn of_tables() -> impl Iterator<Item = (&'static str, &'static dyn Described)> {
    all().filter_map(|setting| Some((setting.about().per_table?, setting)))
}

/// Whether a variable of this name sets something for the whole process.
pub fn is_global(variable: &str) -> bool {
    all().any(|setting| setting.about().variables().any(|name| name == variable))
}

/// What is wrong with single global settings, each looked at by itself. Files of secrets are not opened.
pub(super) fn problems(raw: &RawEnv) -> impl Iterator<Item = Problems> {
    // The port counts with its host only: Kubernetes sets it to tcp://… beside a service that is called postgres.
    all().filter(|setting| setting.about().name != POSTGRES_PORT.about.name).filter_map(|setting| {
        let about = setting.about();
        setting.problem(about.name, about.text(raw)?)
    })
}
