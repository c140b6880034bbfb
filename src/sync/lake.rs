//! The lake as this process holds it: one DuckDB that is opened for each use, and the file as it was last seen.

use super::Shutdown;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::lake::file::identity;
use crate::lake::{DuckDb, Lake};
use crate::model::FileIdentity;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A handle that threads share; the lake itself is open with one of them at a time.
#[derive(Clone, Default)]
pub struct LakeHandle {
    duckdb: Arc<Mutex<DuckDb>>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// The file as it was last compared with the ledger; `None` before the first time.
    file: Option<FileIdentity>,
    /// What was last said about a lake that cannot be written, and when.
    warned: Option<(String, Instant)>,
}

/// The same trouble with the lake is not told again within this time.
const WARN_EVERY: Duration = Duration::from_secs(60);

impl LakeHandle {
    /// Opens the lake for writing, waiting up to `patience` for another process to let go.
    ///
    /// # Errors
    /// `LakeBusy` names the holder; `Lake` says why the file cannot be used at all.
    pub fn open(&self, config: &Config, patience: Duration, shutdown: &Shutdown) -> Result<Lake> {
        let patience = if shutdown.is_requested() { Duration::ZERO } else { patience };
        lock(&self.duckdb).open(&config.lake_settings(), patience)
    }

    /// Opens the lake for reading.
    ///
    /// # Errors
    /// As [`LakeHandle::open`].
    pub fn open_to_look(&self, config: &Config) -> Result<Lake> {
        lock(&self.duckdb).open_to_look(&config.lake_settings())
    }

    /// Has the next use start DuckDB anew, after an error that has ended it.
    pub fn restart(&self) {
        lock(&self.duckdb).restart();
    }

    /// Gives back the memory that DuckDB keeps between two uses, once the last one is a while ago.
    pub fn release_if_idle(&self) {
        lock(&self.duckdb).release_if_idle();
    }

    /// The file as it was last compared with the ledger.
    pub fn seen(&self) -> Option<FileIdentity> {
        lock(&self.seen).file
    }

    /// Takes the file as it is now for the one that the ledger speaks of.
    pub fn see(&self, config: &Config) {
        self.see_as(identity(&config.lake));
    }

    /// The same for a file that was looked at before.
    pub fn see_as(&self, file: FileIdentity) {
        lock(&self.seen).file = Some(file);
    }

    /// Says what keeps the lake from being written, unless that was said just now.
    pub fn warn(&self, error: &Error) {
        let mut seen = lock(&self.seen);
        let text = error.to_string();
        if seen.warned.as_ref().is_none_or(|(before, at)| *before != text || at.elapsed() >= WARN_EVERY) {
            tracing::warn!("{text}");
            seen.warned = Some((text, Instant::now()));
        }
    }

    /// Says that the lake can be written, if it could not be before.
    pub fn reassure(&self) {
        if lock(&self.seen).warned.take().is_some() {
            tracing::info!("the lake can be written again");
        }
    }
}

/// A thread that panicked while it held one of these has left nothing half-done in it.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
