//! `pg2duck purge TABLE`

use super::resync::{ask, parse};
use crate::config::Config;
use crate::error::Result;
use crate::state::FolderLock;
use crate::state::requests::What;
use crate::sync::Sync;

/// Removes a table's applied Parquet files: here, or by asking the process that owns the state folder.
pub fn execute(config: Config, table: &str) -> Result<u8> {
    let table = parse("purge", table, &config.selection.default_schema)?;
    if FolderLock::is_taken(&config.state_dir) {
        ask(&config, &table, What::Purge)?;
        eprintln!("pg2duck: the running pg2duck removes the applied Parquet files of {table} at its next cycle");
        return Ok(0);
    }
    let files = Sync::open(config, super::run::install_shutdown()?)?.purge(&table)?;
    eprintln!("pg2duck: removed {files} Parquet files of {table} that the lake had applied");
    Ok(0)
}
