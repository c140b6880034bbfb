//! The records that the ledger keeps, as stored (JSON, so that a field can be added without a migration).

use crate::model::{
    BootstrapProgress, ComparisonProgress, DeletesBy, FileIdentity, HiddenParts, Horizon, Identity, Position,
    TableName, TableSchema,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of the source as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceState {
    pub identity: Option<Identity>,
    pub horizon: Horizon,
    /// The newest cycle id given out; ids only ever grow, whatever the clock does.
    #[serde(default)]
    pub last_cycle: String,
    /// The mark of this folder's files in the archive, which others may share.
    #[serde(default)]
    pub owner: String,
    /// Why polls may read more than they need: no `pg_read_all_stats`, or a standby.
    #[serde(default)]
    pub held_back: Option<String>,
    /// Databases whose place this one took: what the lake has of them is taken over.
    #[serde(default)]
    pub succeeds: Vec<String>,
    /// Tables that are followed no more, and why, as long as the lake does not say so.
    #[serde(default)]
    pub gone: Vec<(TableName, String)>,
    /// Partitions of tables of which settings hide columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_parts: Vec<HiddenParts>,
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

impl SourceState {
    /// The database, as the lake notes whose a table is; `None` where that is not known.
    pub fn origin(&self) -> Option<String> {
        self.identity.as_ref().and_then(Identity::origin)
    }
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

/// What is known of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableState {
    /// Up to where the lake has it; `None` until it holds all rows.
    pub position: Option<Position>,
    /// As it was when it was last read. Stays when the position is given up.
    pub schema: Option<TableSchema>,
    /// The position that was given up, until the lake holds a fresh copy: so far it has what triggers recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions_since: Option<Position>,
    /// Where the comparison of keys stands.
    pub comparison: Option<ComparisonProgress>,
    /// How deleted rows are found.
    pub deletes: Option<DeletesBy>,
    pub lake: Option<TableName>,
    /// The name under which the lake knows the table, where the source has given it another since.
    #[serde(default)]
    pub former: Option<TableName>,
    /// The columns that settings hid when it was last looked at, by number, and what they were called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<BTreeMap<i16, String>>,
    /// How `status` names the cursor.
    #[serde(rename = "cursor_column")]
    pub cursor: Option<String>,
    pub bootstrap: Option<BootstrapProgress>,
    /// Why the next cycle bootstraps the table.
    pub bootstrap_reason: Option<BootstrapReason>,
    /// The cycle in which the table was first met: older files of it belong to an earlier state.
    pub since: Option<String>,
    /// When files last came to or went from the table's folder of the archive, as a cycle left it: seconds and nanoseconds.
    #[serde(default)]
    pub folder: Option<(i64, i64)>,
    /// The last cycle that brought this table's rows to the lake.
    pub cycle: Option<String>,
    pub rows: Option<u64>,
    /// Values listed in `_pg2duck.rejects`.
    #[serde(default)]
    pub rejects: u64,
    pub last_sync_at: Option<DateTime<Utc>>,
    pub error: Option<String>,
}

/// Why a table is bootstrapped although it was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BootstrapReason {
    /// Somebody asked for it: only then may its mode change.
    Resync,
    /// And what it kept in another mode may be dropped.
    ResyncDroppingHistory,
    /// In words.
    Because(String),
}

impl std::fmt::Display for BootstrapReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Resync | Self::ResyncDroppingHistory => f.write_str("resync was asked for"),
            Self::Because(reason) => f.write_str(reason),
        }
    }
}

/// The record that spares a cycle: every table equals the source at this snapshot, and nothing waits or has failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpToDate {
    /// As `pg_snapshot` prints it.
    pub snapshot: String,
    /// The source's clock when it was last seen to have this snapshot.
    pub as_of: String,
    pub synced_at: DateTime<Utc>,
    /// When something is due on its own: a full scan, a comparison of keys.
    pub until: DateTime<Utc>,
    /// Tells the settings under which all this holds from others.
    pub settings: u64,
    /// How many tables there are.
    pub tables: usize,
    /// The lake as it was left.
    pub lake: FileIdentity,
}
