//! The loop: wait, run a cycle, report, decide what an error means. [`cycle`] is the flow itself.

pub mod cycle;

pub mod discover;
pub mod idle;

pub mod bootstrap;
pub mod chunk;
pub mod loading;
pub mod transfer;

pub mod base;
pub mod changes;
pub mod diff;
pub mod poll;
pub mod view;

pub mod deliver;

pub mod reconcile;

pub mod cleanup;
pub mod rewrite;

pub mod outcome;
pub mod policy;
pub mod progress;
pub mod shutdown;

pub use outcome::Report;
pub use shutdown::Shutdown;

use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::extract::Connection;
use crate::extract::listen::Wake;
use crate::extract::seen::SeenXids;
use crate::lake::DuckDb;
use crate::lake::file::FileIdentity;
use crate::names::TableName;
use crate::state::State;
use chrono::{DateTime, Utc};
use outcome::Failures;
use policy::{Backoff, Directive, directive};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One process's engine: it owns the state folder and the connection to the source.
pub struct Engine {
    config: Arc<Config>,
    /// Tells these settings from others.
    settings: u64,
    state: State,
    /// Whether what a crash left behind has been looked for.
    recovered: bool,
    shutdown: Shutdown,
    source: Option<Connection>,
    /// Further connections while a table is copied by several workers.
    workers: Vec<Connection>,
    duckdb: DuckDb,
    /// The lake file as it was last compared with the state; `None` before the first time.
    lake_seen: Option<FileIdentity>,
    seen: HashMap<TableName, SeenXids>,
    /// Sweeps that did not succeed yet, and when they were tried.
    sweep_tried: HashMap<TableName, DateTime<Utc>>,
    failures: Failures,
    /// What was last said about a lake that cannot be written, and when.
    warned: Option<(String, Instant)>,
    /// `resync` looks at one table only.
    only: Option<TableName>,
    /// Once it is known that the table is selected.
    resync_due: bool,
}

/// A cycle may find that a table must be copied afresh, which takes another one; more than this is not progress.
const MOST_PASSES: usize = 4;
/// How long `once` waits for a lake that another process holds.
const ONCE_PATIENCE: Duration = Duration::from_secs(8);
/// The same within `run`, where the next cycle comes anyway.
const RUN_PATIENCE: Duration = Duration::from_secs(2);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

impl Engine {
    /// Takes the state folder.
    ///
    /// # Errors
    /// A folder or file that the configuration names cannot be used.
    pub fn open(config: Config, shutdown: Shutdown) -> Result<Self> {
        let state = State::open(&config.state_dir)?;
        prepare_folder("PARQUET_DIR", &config.parquet_dir)?;
        if let Some(folder) = config.lake.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            prepare_folder("DUCKDB_PATH", folder)?;
        }
        Ok(Self {
            failures: Failures::new(config.interval),
            settings: config.fingerprint(),
            recovered: false,
            config: Arc::new(config),
            state,
            shutdown,
            source: None,
            workers: Vec::new(),
            duckdb: DuckDb::default(),
            lake_seen: None,
            warned: None,
            seen: HashMap::new(),
            sweep_tried: HashMap::new(),
            only: None,
            resync_due: false,
        })
    }

    /// One complete pass: every table synced, or its failure reported.
    ///
    /// # Errors
    /// What prevented the pass as a whole; failures of single tables are in the report.
    pub async fn once(&mut self) -> Result<Report> {
        self.passes(ONCE_PATIENCE).await
    }

    /// Copies one table afresh, now.
    ///
    /// # Errors
    /// As [`Self::once`].
    pub async fn resync(&mut self, table: &TableName) -> Result<Report> {
        self.only = Some(table.clone());
        self.resync_due = true;
        let report = self.passes(ONCE_PATIENCE).await;
        self.only = None;
        report
    }

    /// Cycles for ever, until a signal or an error that someone has to act on.
    ///
    /// # Errors
    /// The error that ended the loop.
    pub async fn run(&mut self) -> Result<()> {
        let mut backoff = Backoff::new(self.config.interval.min(Duration::from_secs(1)), LONGEST_BACKOFF);
        let fresh = backoff;
        let wake = if self.config.listen { Wake::listen(self.config.source.clone()) } else { Wake::never() };
        loop {
            let wait = match self.passes(RUN_PATIENCE).await {
                Ok(report) => {
                    report.log();
                    if backoff != fresh {
                        tracing::info!("recovered");
                        backoff = fresh;
                    }
                    self.config.interval
                }
                Err(error) => match directive(error.kind()) {
                    Directive::Stop => return Err(error),
                    Directive::Finish => return Ok(()),
                    Directive::Retry => {
                        let wait = backoff.take();
                        tracing::warn!(%error, retry_in_seconds = wait.as_secs(), "cycle failed");
                        wait
                    }
                },
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.shutdown.requested() => {}
                // While nothing works, a notification is no reason to look.
                () = wake.notified(self.config.debounce), if backoff == fresh => {}
            }
            if self.shutdown.is_requested() {
                return Ok(());
            }
        }
    }

    async fn passes(&mut self, patience: Duration) -> Result<Report> {
        let mut report = Report::default();
        for _ in 0..MOST_PASSES {
            let pass = match self.cycle(patience).await {
                Ok(pass) => pass,
                Err(error) => {
                    if error.kind() != Kind::Stopped && self.only.is_none() {
                        self.state.record_cycle_error(Some(&error.to_string()))?;
                    }
                    // Connections may be in the middle of a stream or a transaction.
                    self.source = None;
                    self.workers.clear();
                    // Rows read in vain must be read again.
                    self.seen.clear();
                    // What the cycle wrote and never named is garbage, as after a crash.
                    self.recovered = false;
                    self.recover()?;
                    return Err(error);
                }
            };
            self.state.record_cycle_error(None)?;
            let again = pass.again;
            report.merge(pass);
            if !again {
                break;
            }
        }
        Ok(report)
    }

    /// Removes what a crash left behind. Nothing that is settled has left anything.
    fn recover(&mut self) -> Result<()> {
        if !std::mem::replace(&mut self.recovered, true) {
            cleanup::recover(&self.config, &mut self.state)?;
        }
        Ok(())
    }

    /// Ends the work at hand if a signal asked for it.
    fn check_shutdown(&self) -> Result<()> {
        if self.shutdown.is_requested() { Err(Error::stopped()) } else { Ok(()) }
    }
}

/// Creates a folder and proves that it can be written.
fn prepare_folder(setting: &str, folder: &std::path::Path) -> Result<()> {
    let probe = folder.join(format!(".pg2duck-{}", std::process::id()));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&probe, b""))
        .and_then(|()| std::fs::remove_file(&probe))
        .map_err(|error| {
            let path = folder.display();
            Error::new(
                Kind::Disk,
                format!("open folder {path}: {error}; {setting} must lie in a folder that can be written"),
            )
        })
}
