//! The records that the state keeps, as stored (JSON, so that a field can be added without a migration).

use crate::extract::columns::{LeftOut, SourceColumn};
use crate::extract::diff::Range;
use crate::extract::fence::{Fence, Horizon};
use crate::extract::snapshot::Identity;
use crate::frame::parquet::Batch;
use crate::lake::Mode;
use crate::lake::drift::Reshape;
use crate::names::TableName;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What is known of the source as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceState {
    pub identity: Option<Identity>,
    pub horizon: Horizon,
    /// The newest cycle id given out; ids only ever grow, whatever the clock does.
    #[serde(default)]
    pub last_cycle: String,
    /// Why polls may read more than they need: no `pg_read_all_stats`, or a standby.
    #[serde(default)]
    pub held_back: Option<String>,
    /// Why the last cycle failed as a whole.
    #[serde(default)]
    pub error: Option<String>,
    /// When the lake's `_pg2duck.sync` was last brought up to date.
    #[serde(default)]
    pub refreshed_at: Option<DateTime<Utc>>,
    /// How the lake file has grown since it was last compact.
    #[serde(default)]
    pub growth: Option<Growth>,
    /// What was written to the lake since DuckDB last merged its row groups.
    #[serde(default)]
    pub unmerged: Unmerged,
    /// When the source's audit table was last pruned.
    #[serde(default)]
    pub pruned_at: Option<DateTime<Utc>>,
}

/// The lake file since it was last compact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Growth {
    /// Its size then.
    pub from_bytes: u64,
    /// Rows written to it since.
    pub rows: u64,
}

/// Cycles and rows that were applied since row groups were merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmerged {
    pub cycles: u64,
    pub rows: u64,
}

/// A table's shape when it was read: what drift is measured against.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    pub columns: Vec<SourceColumn>,
    pub key: Vec<String>,
    /// The source's own unique index proves that the key is one.
    #[serde(default)]
    pub key_proven: bool,
    #[serde(default)]
    pub mode: Mode,
    /// Fingerprint of the table's files in the source.
    pub storage: String,
    /// Columns that are not copied.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
}

/// A full copy under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootstrapProgress {
    /// The id that its files carry.
    pub cycle: String,
    pub layout: Layout,
    /// Of its first snapshot: whatever changed during the copy is read again from here.
    pub fence: Fence,
    /// That first snapshot, as `pg_snapshot` prints it.
    pub snapshot: String,
    /// Heap pages read so far; `None` once all are.
    pub next_page: Option<u64>,
    /// Some row was written after the first snapshot, so that a key may occur twice.
    pub rewritten: bool,
    pub batches: Vec<Batch>,
    pub rows: u64,
    /// The triggers that recorded deletes since before its first snapshot.
    #[serde(default)]
    pub audit: Option<String>,
}

/// What is known of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableState {
    /// `None` until the lake holds a full copy.
    pub cursor: Option<Fence>,
    /// Where the last sweep ended.
    pub swept: Option<Sweep>,
    pub layout: Option<Layout>,
    /// The triggers that have recorded deletes since the cursor; `None` where deletes are not followed.
    #[serde(default)]
    pub audit: Option<String>,
    /// Where the comparison of keys stands.
    #[serde(default)]
    pub diff: Option<DiffProgress>,
    /// How deleted rows are found.
    #[serde(default)]
    pub deletes: Option<String>,
    pub lake: Option<TableName>,
    pub cursor_column: Option<String>,
    pub bootstrap: Option<BootstrapProgress>,
    /// Why the next cycle copies the table afresh.
    pub copy_reason: Option<String>,
    /// The cycle in which the table was first met: older files of it belong to an earlier state.
    #[serde(default)]
    pub since: Option<String>,
    /// The last cycle that brought this table's rows to the lake.
    pub cycle: Option<String>,
    /// The source's clock at the last applied snapshot, and that snapshot.
    pub as_of: Option<String>,
    #[serde(default)]
    pub snapshot: Option<String>,
    pub rows: Option<u64>,
    /// Values listed in `_pg2duck.rejects`.
    #[serde(default)]
    pub rejects: u64,
    pub last_sync_at: Option<DateTime<Utc>>,
    pub error: Option<String>,
}

/// A comparison of all keys, done or under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffProgress {
    pub begun: DateTime<Utc>,
    /// Where it goes on; `None` once it is done.
    pub position: Option<String>,
}

/// A read of the whole table by `xmin` alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    pub xmin: u64,
    pub at: DateTime<Utc>,
}

/// One table's share of an extracted cycle, waiting for the lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub cycle: String,
    pub table: TableName,
    pub lake: TableName,
    pub cursor_column: String,
    pub layout: Layout,
    /// Where the next poll starts once this is applied.
    pub fence: Fence,
    pub swept: Option<Sweep>,
    /// The source's clock just before the snapshot.
    pub as_of: String,
    /// The snapshot itself, as `pg_snapshot` prints it.
    pub snapshot: String,
    #[serde(default)]
    pub audit: Option<String>,
    /// Ranges in which the lake's keys and the source's were found to differ.
    #[serde(default)]
    pub diff: Option<Vec<Range>>,
    /// Where the comparison stands once this cycle is recorded.
    #[serde(default)]
    pub diff_progress: Option<DiffProgress>,
    /// How deleted rows are found.
    #[serde(default)]
    pub deletes: String,
    /// The batches replace the lake table, then change it; else they only change it.
    pub bootstrap: bool,
    /// The relation is read in full at every cycle.
    #[serde(default)]
    pub full: bool,
    /// A key may occur twice in the bootstrap batches; the later one counts.
    pub rewritten: bool,
    /// How the lake table changes first.
    #[serde(default)]
    pub reshape: Reshape,
    /// In the order in which they apply.
    pub batches: Vec<Batch>,
}

impl Pending {
    /// Rows in all batches.
    pub fn rows(&self) -> u64 {
        self.batches.iter().map(|batch| batch.rows).sum()
    }

    /// Whether the lake has anything to do.
    pub fn has_work(&self) -> bool {
        self.bootstrap || !self.batches.is_empty() || !self.reshape.is_empty() || self.diff.is_some()
    }
}
