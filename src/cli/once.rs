//! `pg2duck once`

use crate::config::Config;
use crate::config::raw::RawEnv;
use crate::engine::{Engine, Report};
use crate::error::Result;

/// Syncs once.
pub async fn execute(raw: &RawEnv) -> Result<u8> {
    let config = Config::from_raw(raw)?;
    let report = Engine::open(config, super::run::install_shutdown()?)?.once().await?;
    Ok(summarize(&report))
}

/// One line for people, and the exit code.
pub(super) fn summarize(report: &Report) -> u8 {
    let rows: u64 = report.applied.values().sum();
    let synced = report.tables - report.failed.len();
    eprintln!("pg2duck: {synced} of {} tables synced, {rows} rows, {:.1} s", report.tables, report.seconds);
    for (table, error) in &report.failed {
        eprintln!("pg2duck: {table}: {error}");
    }
    u8::from(!report.is_complete())
}
