//! `pg2duck once`

use crate::config::Config;
use crate::error::Result;
use crate::sync::{Report, Sync};
use std::time::Duration;

/// Syncs once; `allow_mass_delete` releases the brake.
pub async fn execute(mut config: Config, allow_mass_delete: bool) -> Result<u8> {
    if allow_mass_delete {
        config.delete_brake = 100;
    }
    warn_of_risks(&config);
    let report = Sync::open(config, super::run::install_shutdown()?)?.once().await?;
    Ok(summarize(&report))
}

/// What the configuration allows although it weakens a promise.
pub(super) fn warn_of_risks(config: &Config) {
    if config.lookback < Duration::from_secs(1) {
        tracing::warn!(
            "CURSOR_OVERLAP below 1s: rows whose updated_at is rounded down, or whose transaction began in the moment of a poll, \
             may be found by the next full scan only"
        );
    }
}

/// One line of summary, and the exit code.
pub(super) fn summarize(report: &Report) -> u8 {
    let rows: u64 = report.applied.values().sum();
    let synced = report.tables - report.failed.len();
    // Failures have been logged where they arose.
    tracing::info!(rows, seconds = format!("{:.1}", report.seconds), "{synced} of {} tables synced", report.tables);
    u8::from(!report.is_complete())
}
