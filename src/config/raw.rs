//! The environment as it is: every setting an optional string, read with envy. No validation and no I/O happen here.

use serde::Deserialize;
use std::collections::BTreeMap;

/// All variables that pg2duck reads, by their lowercase names. An empty variable counts as unset.
#[derive(Debug, Default, Deserialize)]
pub struct RawEnv {
    pub database_url: Option<String>,
    pub database_url_file: Option<String>,
    pub setup_database_url: Option<String>,
    pub setup_database_url_file: Option<String>,
    pub postgres_host: Option<String>,
    pub postgres_port: Option<String>,
    pub postgres_db: Option<String>,
    pub postgres_user: Option<String>,
    pub postgres_password: Option<String>,
    pub postgres_password_file: Option<String>,
    pub postgres_sslmode: Option<String>,
    pub postgres_sslrootcert: Option<String>,

    pub postgres_schema: Option<String>,
    pub postgres_table: Option<String>,
    pub sync_tables: Option<String>,
    pub postgres_primary_key: Option<String>,
    pub cursor_column: Option<String>,
    pub cursor_overlap: Option<String>,
    pub sweep_interval: Option<String>,
    pub sync_mode: Option<String>,
    pub numeric: Option<String>,
    pub rejects: Option<String>,
    pub mask_salt: Option<String>,
    pub mask_salt_file: Option<String>,
    pub deletes: Option<String>,
    pub audit: Option<String>,
    pub diff_interval: Option<String>,
    pub diff_rows_per_second: Option<String>,
    pub delete_brake: Option<String>,
    pub listen: Option<String>,
    pub notify_debounce_ms: Option<String>,

    pub batch_size: Option<String>,
    pub sync_interval_seconds: Option<String>,
    pub bootstrap_chunk_pages: Option<String>,
    pub bootstrap_workers: Option<String>,
    pub statement_timeout: Option<String>,
    pub lock_timeout: Option<String>,

    pub duckdb_path: Option<String>,
    pub duckdb_table: Option<String>,
    pub duckdb_memory_limit: Option<String>,
    pub duckdb_primary_key: Option<String>,
    pub readers: Option<String>,
    pub parquet_dir: Option<String>,
    pub parquet_retention: Option<String>,
    pub state_dir: Option<String>,

    pub http_listen: Option<String>,
    pub log_format: Option<String>,

    /// `SYNC_TABLE_<NAME>_<SETTING>`, by the part after `SYNC_TABLE_`, as typed.
    #[serde(skip)]
    pub per_table: BTreeMap<String, String>,
}

const PER_TABLE: &str = "SYNC_TABLE_";

impl RawEnv {
    /// Reads the process environment.
    pub fn from_process() -> Self {
        Self::from_vars(std::env::vars_os().filter_map(|(name, value)| {
            // A variable that is not text cannot be one of ours.
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Reads these variables; what is not ours is ignored.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let set: Vec<_> = vars.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect();
        let per_table = set
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(PER_TABLE)?.to_owned(), value.clone())))
            .collect();
        // Every field is an optional string, so deserializing cannot fail.
        let raw: Self = envy::from_iter(set).unwrap_or_default();
        Self { per_table, ..raw }
    }
}
