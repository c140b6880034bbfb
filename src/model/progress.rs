//! Work on one table that goes on over several transactions or cycles.

use super::{Batch, Position, TableSchema};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A bootstrap under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootstrapProgress {
    /// The id that its files carry.
    pub cycle: String,
    pub schema: TableSchema,
    /// Of its first snapshot: whatever changed while it was read is read again from here.
    pub position: Position,
    /// Heap pages read so far; `None` once all are.
    pub next_page: Option<u64>,
    /// Some row was written after the first snapshot, so that a key may occur twice.
    pub rewritten: bool,
    pub rows: u64,
    /// Durable files, in the order in which they were read. The ledger keeps them beside this record, so that a chunk only adds
    /// its own.
    #[serde(skip)]
    pub files: Vec<Batch>,
}

/// A comparison of all keys, done or under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparisonProgress {
    pub begun: DateTime<Utc>,
    /// The key from which it goes on; `None` once it is done.
    pub next_key: Option<String>,
    /// An earlier one found keys that the lake has no row of: where keys differ, the rows are read as well.
    #[serde(default)]
    pub repairs: bool,
}

impl ComparisonProgress {
    /// Whether it is over, until the next one is due.
    pub fn is_done(&self) -> bool {
        self.next_key.is_none() && !self.repairs
    }
}
