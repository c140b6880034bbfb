//! `pg2duck run`

use crate::config::Config;
use crate::error::{Error, Result};
use crate::sync::{Shutdown, Sync};

/// Syncs until a signal.
pub async fn execute(config: Config) -> Result<u8> {
    let shutdown = install_shutdown()?;
    super::once::warn_of_risks(&config);
    tracing::info!(
        source = %config.source, lake = %config.lake.display(), interval_seconds = config.interval.as_secs(),
        "pg2duck {} follows", env!("CARGO_PKG_VERSION")
    );
    Sync::open(config, shutdown)?.run().await?;
    tracing::info!("stopped");
    Ok(0)
}

pub(super) fn install_shutdown() -> Result<Shutdown> {
    Shutdown::install().map_err(|error| Error::config(format!("start: cannot listen for signals: {error}")))
}
