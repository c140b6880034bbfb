//! What tells a file from any other, and from itself at another time.

use serde::{Deserialize, Serialize};

/// Which file stands at a path and in what state: changes when it is replaced or written to; `None` when it is gone.
pub type FileIdentity = Option<FileState>;

/// As the file system tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    pub device: u64,
    pub inode: u64,
    pub size: u64,
    /// Seconds and nanoseconds. Nobody can set the second one back.
    pub modified: (i64, i64),
    pub changed: (i64, i64),
    /// Whether a write-ahead log lies beside it.
    pub log: bool,
}
