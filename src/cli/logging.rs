//! Log lines on standard error: text for people, JSON for machines, filtered by `RUST_LOG`.

use crate::config::LogFormat;
use crate::error::{Error, Result};
use crate::sync::progress::LogWriter;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts logging.
///
/// # Errors
/// `RUST_LOG` cannot be read.
pub fn start(format: LogFormat, filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Error::config(format!("RUST_LOG={filter}: {error}; expected a filter such as info or pg2duck=debug"))
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| LogWriter).with_target(false);
    match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}
