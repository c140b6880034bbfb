//! `pg2duck once`

use crate::config::Config;
use crate::engine::{Engine, Report};
use crate::error::Result;

/// Syncs once.
pub async fn execute(config: Config) -> Result<u8> {
    let report = Engine::open(config, super::run::install_shutdown()?)?.once().await?;
    Ok(summarize(&report))
}

/// One line of summary, and the exit code.
pub(super) fn summarize(report: &Report) -> u8 {
    let rows: u64 = report.applied.values().sum();
    let synced = report.tables - report.failed.len();
    // Failures have been logged where they arose.
    tracing::info!(rows, seconds = format!("{:.1}", report.seconds), "{synced} of {} tables synced", report.tables);
    u8::from(!report.is_complete())
}
