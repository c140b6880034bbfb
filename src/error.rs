//! The one error type: what went wrong in a sentence for people, and a kind for the retry policy.
//!
//! Messages are lowercase `operation: cause`, repeat the offending value, name the accepted form or the command that
//! fixes it, and never hold a secret or a cell value. Which kinds heal by themselves is decided in `retry`.

use std::fmt;

/// What an error means to the loop. Kept short on purpose: a new kind is needed only where a new reaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A setting is missing, malformed or refused by the server (wrong password, unknown database).
    Config,
    /// Postgres cannot be reached now; it may heal.
    Unreachable,
    /// The connection broke, or the server is shutting down; it may heal.
    Source,
    /// This table cannot be synced now: missing, no key, refused by the server, incompatible drift. The others can.
    Table,
    /// Another process holds the lake file; it heals when that process lets go.
    LakeBusy,
    /// The lake file cannot be used at all (not DuckDB, newer version, unwritable).
    Lake,
    /// The state folder cannot be used (corrupt, unwritable, taken by another pg2duck).
    State,
    /// Files could not be written (disk full, permissions).
    Disk,
    /// DuckDB needs more memory than it may have.
    Memory,
    /// DuckDB gave up in the middle and must be started anew; the file is as it was.
    LakeDied,
    /// A defect of ours: something that cannot be.
    Internal,
    /// A signal asked us to stop; nothing is wrong.
    Stopped,
}

/// An error with its [`Kind`] and its sentence.
#[derive(Debug, Clone)]
pub struct Error {
    kind: Kind,
    message: String,
    lasting: bool,
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of this kind with this sentence.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), lasting: false }
    }

    /// A setting is wrong.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    /// One table cannot be synced.
    pub fn table(message: impl Into<String>) -> Self {
        Self::new(Kind::Table, message)
    }

    /// A signal asked us to stop.
    pub fn stopped() -> Self {
        Self::new(Kind::Stopped, "stopped by a signal")
    }

    /// Something that cannot be: a defect of ours.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// The same error, which the same statement will always meet.
    #[must_use]
    pub fn lasting(mut self) -> Self {
        self.lasting = true;
        self
    }

    /// Whether trying again is in vain for as long as the data are what they are.
    pub fn is_lasting(&self) -> bool {
        self.lasting
    }

    /// What the loop should make of it.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The same error, its sentence opened by the operation during which it arose.
    pub fn during(mut self, operation: impl fmt::Display) -> Self {
        self.message = format!("{operation}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
