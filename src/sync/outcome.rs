//! What a cycle did, table by table, and how often a failing table is tried and talked about.

use crate::error::Error;
use crate::model::TableName;
use crate::retry::Backoff;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// Tables that failed, and why.
pub type Failed = Vec<(TableName, Error)>;

/// One pass over the tables.
#[derive(Debug, Default)]
pub struct Report {
    /// Rows that reached the lake, by table.
    pub applied: BTreeMap<TableName, u64>,
    /// Why a table was not synced.
    pub failed: BTreeMap<TableName, Error>,
    /// Tables looked at.
    pub tables: usize,
    /// A table must be bootstrapped again, which takes another pass.
    pub again: bool,
    pub seconds: f64,
}

impl Report {
    /// Takes in a later pass: its failures count, for tables that it looked at again.
    pub fn merge(&mut self, later: Self) {
        for (table, rows) in later.applied {
            *self.applied.entry(table).or_default() += rows;
        }
        self.failed = later.failed;
        self.tables = later.tables;
        self.again = later.again;
        self.seconds += later.seconds;
    }

    /// Whether every table was synced.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && !self.again
    }

    /// One line for the log; failures have been logged when they arose.
    pub fn log(&self) {
        let rows: u64 = self.applied.values().sum();
        let seconds = format!("{:.3}", self.seconds);
        if rows > 0 || !self.failed.is_empty() {
            tracing::info!(tables = self.tables, failed = self.failed.len(), rows, seconds, "cycle");
        } else {
            tracing::debug!(tables = self.tables, rows, seconds, "cycle");
        }
    }
}

/// A failing table is tried less and less often, and the same sentence is not logged again and again.
pub struct Failures {
    interval: Duration,
    tables: HashMap<TableName, Failing>,
}

struct Failing {
    message: String,
    backoff: Backoff,
    retry_at: Instant,
    wait: Duration,
}

/// A table that failed and is not to be tried yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retrying {
    pub message: String,
    /// The longest time until it is tried.
    pub within: Duration,
}

const LONGEST_WAIT: Duration = Duration::from_secs(600);

impl Failures {
    /// First retries come after `interval`.
    pub fn new(interval: Duration) -> Self {
        Self { interval, tables: HashMap::new() }
    }

    /// Tables that are not to be tried yet.
    pub fn retrying(&self) -> HashMap<TableName, Retrying> {
        let now = Instant::now();
        let waiting = self.tables.iter().filter(|(_, failing)| now < failing.retry_at);
        waiting
            .map(|(name, failing)| (name.clone(), Retrying { message: failing.message.clone(), within: failing.wait }))
            .collect()
    }

    /// Whether the table failed when it was last tried.
    pub fn is_failing(&self, table: &TableName) -> bool {
        self.tables.contains_key(table)
    }

    /// Records and logs a failure, unless the table was not tried at all.
    pub fn record(&mut self, table: &TableName, error: &Error) {
        let first = Backoff::new(self.interval / 2, LONGEST_WAIT);
        let failing = self.tables.entry(table.clone()).or_insert_with(|| Failing {
            message: String::new(),
            backoff: first,
            retry_at: Instant::now(),
            wait: Duration::ZERO,
        });
        if Instant::now() < failing.retry_at {
            return;
        }
        let message = error.to_string();
        if failing.message != message {
            tracing::error!(table = %table, "{message}");
            failing.message = message;
        } else {
            tracing::debug!(table = %table, "still failing: {message}");
        }
        failing.wait = failing.backoff.next_wait();
        failing.retry_at = Instant::now() + failing.wait;
    }

    /// Forgets a table that is followed no more.
    pub fn forget(&mut self, table: &TableName) {
        self.tables.remove(table);
    }

    /// Records a success; says so if the table had failed before.
    pub fn clear(&mut self, table: &TableName) {
        if self.tables.remove(table).is_some() {
            tracing::info!(table = %table, "recovered");
        }
    }
}
