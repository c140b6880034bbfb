//! Step 5: what must survive a restart, in SQLite (`checkpoints.db`): where every table stands, bootstraps under way, extracted
//! change sets that the lake has not applied yet, and the archive's files.
//!
//! One process owns a state folder at a time. Everything here can be lost: the next start then bootstraps all tables again.

pub mod contents;
pub mod records;
pub mod schema;

pub mod ledger;

pub mod archive;
pub mod queue;

pub mod lock;
pub mod report;
pub mod requests;

pub use contents::Contents;
pub use ledger::Ledger;
pub use lock::FolderLock;
pub use records::{Growth, SourceState, TableState, Unmerged, UpToDate};

use crate::error::{Error, Kind};
use std::path::Path;

/// What may go wrong inside a transaction.
enum Failure {
    Sqlite(rusqlite::Error),
    Json(serde_json::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl Failure {
    fn into_error(self, path: &Path) -> Error {
        match self {
            Self::Sqlite(error) => damaged(path, &error),
            Self::Json(error) => damaged(path, &error),
        }
    }
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(
        Kind::State,
        format!(
            "open state {0}: {error}; if the file is damaged, delete {0} and every table is bootstrapped again",
            path.display()
        ),
    )
}
