//! The loop: wait, run a cycle, report, decide what an error means. [`cycle`] is the flow itself.

pub mod cycle;

pub mod begin;

pub mod discover;
pub mod plan;
pub mod preview;
pub mod table;

pub mod bootstrap;
pub mod chunk;
pub mod loading;

pub mod extract;
pub mod questions;
pub mod read;
pub mod seen;
pub mod sink;
pub mod transfer;
pub mod versions;

pub mod damaged;
pub mod deliver;
pub mod lake;
pub mod reconcile;
pub mod refresh;

pub mod finish;

pub mod cleanup;
pub mod rewrite;

pub mod outcome;
pub mod progress;
pub mod shutdown;

pub use outcome::Report;
pub use shutdown::Shutdown;

use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::model::TableName;
use crate::retry::{Backoff, Directive, directive};
use crate::source::Sessions;
use crate::source::listen::Wake;
use crate::state::Ledger;
use crate::state::ledger::Durability;
use crate::state::records::BootstrapReason;
use chrono::{DateTime, Utc};
use lake::LakeHandle;
use outcome::Failures;
use seen::SeenXids;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// What one process syncs with: what it was told, what it has open, and what it remembers.
pub struct Sync {
    config: Arc<Config>,
    shutdown: Shutdown,
    ledger: Ledger,
    lake: LakeHandle,
    /// `None` until the first cycle, and after an error that may have left it in the middle of something.
    source: Option<Sessions>,
    memory: Memory,
}

/// What is known in this process only. Losing it costs a repeated read at most.
pub struct Memory {
    /// Transactions that were already read although the fences lie before them.
    pub seen: HashMap<TableName, SeenXids>,
    /// Full scans that did not succeed yet, and when they were tried.
    pub full_scan_tried: HashMap<TableName, DateTime<Utc>>,
    pub failures: Failures,
    /// Tables that are read again since their files were lost on the way to the lake.
    pub read_again: HashSet<TableName>,
    /// What an earlier process or a failed cycle may have left in the archive has been cleared away.
    pub tidy: bool,
}

/// What a cycle is asked to do.
#[derive(Debug, Clone)]
pub struct Request {
    /// The only table to look at.
    pub only: Option<TableName>,
    /// That table is bootstrapped again, for this reason.
    pub resync: Option<BootstrapReason>,
    /// How long to wait for a lake that another process holds.
    pub patience: Duration,
}

/// A cycle may find that a table must be bootstrapped again, which takes another one; more than this is not progress.
const MOST_PASSES: usize = 4;
/// How long `once` waits for a lake that another process holds.
const ONCE_PATIENCE: Duration = Duration::from_secs(8);
/// The same within `run`, where the next cycle comes anyway.
const RUN_PATIENCE: Duration = Duration::from_secs(2);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

impl Sync {
    /// Takes the state folder.
    ///
    /// # Errors
    /// A folder or file that the configuration names cannot be used.
    pub fn open(config: Config, shutdown: Shutdown) -> Result<Self> {
        let ledger = Ledger::open(&config.state_dir)?;
        prepare_folder("PARQUET_DIR", &config.parquet_dir)?;
        if let Some(folder) = config.lake.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            prepare_folder("DUCKDB_PATH", folder)?;
        }
        let memory = Memory {
            seen: HashMap::new(),
            full_scan_tried: HashMap::new(),
            failures: Failures::new(config.interval),
            read_again: HashSet::new(),
            tidy: false,
        };
        Ok(Self { config: Arc::new(config), shutdown, ledger, lake: LakeHandle::default(), source: None, memory })
    }

    /// One complete pass: every table synced, or its failure reported.
    ///
    /// # Errors
    /// What prevented the pass as a whole; failures of single tables are in the report.
    pub async fn once(&mut self) -> Result<Report> {
        self.passes(&Request { only: None, resync: None, patience: ONCE_PATIENCE }).await
    }

    /// Bootstraps one table again, now.
    ///
    /// # Errors
    /// As [`Self::once`].
    pub async fn resync(&mut self, table: &TableName, reason: BootstrapReason) -> Result<Report> {
        self.passes(&Request { only: Some(table.clone()), resync: Some(reason), patience: ONCE_PATIENCE }).await
    }

    /// Removes the Parquet files of a table that the lake has applied. Answers how many.
    ///
    /// # Errors
    /// `Config`: no such table is known; `State`.
    pub fn purge(&mut self, table: &TableName) -> Result<usize> {
        if self.ledger.table(table).is_none() {
            return Err(Error::config(format!("purge {table}: no such table is synced; see pg2duck status")));
        }
        begin::purge(self, table)
    }

    /// Cycles for ever, until a signal or an error that someone has to act on.
    ///
    /// # Errors
    /// The error that ended the loop.
    pub async fn run(&mut self) -> Result<()> {
        let request = Request { only: None, resync: None, patience: RUN_PATIENCE };
        let mut backoff = Backoff::new(self.config.interval.min(Duration::from_secs(1)), LONGEST_BACKOFF);
        let fresh = backoff;
        let wake = if self.config.listen { Wake::listen(self.config.source.clone()) } else { Wake::never() };
        loop {
            let wait = match self.passes(&request).await {
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
                        let wait = backoff.next_wait();
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

    async fn passes(&mut self, request: &Request) -> Result<Report> {
        let mut report = Report::default();
        let mut request = request.clone();
        for _ in 0..MOST_PASSES {
            let pass = match cycle::cycle(self, &request).await {
                Ok(pass) => pass,
                Err(error) => return Err(self.abandon(&request, error)?),
            };
            request.resync = None;
            let again = pass.again;
            report.merge(pass);
            if !again {
                break;
            }
        }
        Ok(report)
    }

    /// Leaves nothing half-done after an error that ended a cycle; gives the error back.
    fn abandon(&mut self, request: &Request, error: Error) -> Result<Error> {
        // Sessions may be in the middle of a stream or a transaction.
        self.source = None;
        // Rows read in vain must be read again.
        self.memory.seen.clear();
        if error.kind() == Kind::State {
            return Ok(error);
        }
        if error.kind() != Kind::Stopped && request.only.is_none() {
            self.ledger.source_mut().error = Some(error.to_string());
            // Best effort: what ended the cycle may keep the lake from being written, too. The next one tries again.
            if let Err(untold) = begin::delivery(self).refresh_if_due(&Vec::new(), Some(&error)) {
                tracing::debug!("tell the lake's readers: {untold}");
                self.lake.restart();
            }
            self.ledger.commit(Durability::Process)?;
        }
        // What the cycle wrote and never named is garbage, as after a crash.
        cleanup::recover(&self.config, &mut self.ledger)?;
        Ok(error)
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
