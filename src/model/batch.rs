//! One durable Parquet file, and what its rows are.

use serde::{Deserialize, Serialize};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;

/// What a file's rows are: part of a bootstrap, or changes and deletes on top of one. The order of the names is the order of applying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchKind {
    Bootstrap,
    Changes,
    /// Keys of rows that are gone.
    Deletes,
    /// Keys that the source has, of ranges that were compared.
    Present,
    /// Every version of rows that were written, in the order of writing.
    Versions,
}

impl BatchKind {
    /// As file names and the lake spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
            Self::Changes => "changes",
            Self::Deletes => "deletes",
            Self::Present => "present",
            Self::Versions => "versions",
        }
    }
}

/// A batch that survives a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Relative to `PARQUET_DIR`, so that the folder may be moved.
    pub path: PathBuf,
    pub kind: BatchKind,
    pub rows: u64,
    pub bytes: u64,
    /// Values of its rows that were rejected: the file lists them in a column of its own if there are any.
    #[serde(default)]
    pub rejects: u64,
    /// CRC-32 of the file; `None` for one that an earlier version wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<u32>,
}

/// Characters of the mark that a state folder's files bear in their names: nothing else there has as many.
pub const OWNER: usize = 12;

/// A mark that no other state folder has.
pub fn new_owner() -> String {
    // The standard library's hashers begin at random.
    let random = RandomState::new().build_hasher().finish();
    format!("{:0OWNER$x}", random >> (u64::BITS as usize - 4 * OWNER))
}

/// The column of a Parquet file that lists the rejected values of its row. Only files with any have it.
pub const REJECTS: &str = "_pg2duck_rejects";
/// The fields of each of its elements.
pub const REJECT_FIELDS: [&str; 3] = ["column", "value", "reason"];
