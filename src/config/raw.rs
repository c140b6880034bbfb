//! The environment as it is: every setting an optional string, read with envy. No validation and no I/O happen here.
//!
//! envy compares names without case, and gives up on everything where two are then the same. So it is handed the variables
//! that are spelled as ours, and a variable that differs from one of ours only in case is a problem.

use super::{Problems, settings};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// All variables that pg2duck reads, by their lowercase names. An empty variable counts as unset.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct RawEnv {
    pub database_url: Option<String>,
    pub database_url_file: Option<String>,
    pub setup_database_url: Option<String>,
    pub setup_database_url_file: Option<String>,
    pub primary_url: Option<String>,
    pub primary_url_file: Option<String>,
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
    pub synced_at: Option<String>,
    pub numeric: Option<String>,
    pub char: Option<String>,
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
    pub rust_log: Option<String>,

    /// `SYNC_TABLE_<NAME>_<SETTING>`, by the part after `SYNC_TABLE_`.
    #[serde(skip)]
    pub per_table: BTreeMap<String, String>,
    /// What kept one of ours from being read.
    #[serde(skip)]
    pub problems: Vec<Problems>,
}

impl RawEnv {
    /// Reads the process environment.
    pub fn from_process() -> Self {
        Self::from_vars(std::env::vars_os())
    }

    /// Reads these variables; what is not ours is ignored.
    pub fn from_vars<N: Into<OsString>, V: Into<OsString>>(vars: impl IntoIterator<Item = (N, V)>) -> Self {
        let (mut global, mut per_table, mut problems) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for (name, value) in vars {
            // A name that is not text cannot be one of ours.
            let Ok(name) = name.into().into_string() else { continue };
            let ours = name.to_uppercase();
            let table = ours.strip_prefix(settings::PER_TABLE);
            if table.is_none() && !settings::is_global(&ours) {
                continue;
            }
            match read(&name, &ours, value.into()) {
                Ok(None) => {}
                Ok(Some(value)) => {
                    let (list, key) = table.map_or((&mut global, &ours[..]), |table| (&mut per_table, table));
                    if list.insert(key.to_owned(), value).is_some() {
                        problems.push(Problems::from(format!("{ours} is set twice: keep one")));
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        let raw: Self = envy::from_iter(global).unwrap_or_else(|error| {
            problems.push(Problems::from(format!("environment: cannot read the settings: {error}")));
            Self::default()
        });
        Self { per_table, problems, ..raw }
    }
}

/// The text of a variable of ours, unless it is empty.
fn read(name: &str, ours: &str, value: OsString) -> Result<Option<String>, Problems> {
    match value.into_string() {
        Ok(text) if text.trim().is_empty() => Ok(None),
        _ if name != ours => {
            Err(format!("{name}: settings are spelled in upper case; rename it to {ours}, or unset it").into())
        }
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(format!("{ours}: its value is not text in UTF-8; set it anew, or unset it").into()),
    }
}
