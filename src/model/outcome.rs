//! What the lake tells of its tables.

use super::TableName;

/// Where the lake stands with one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRow {
    pub source: TableName,
    pub lake: TableName,
    pub mode: String,
    /// The last cycle that brought it rows.
    pub cycle: String,
}

/// What a lake table holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub rows: u64,
    /// Values that it cannot hold.
    pub rejects: u64,
}

/// How fresh one table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    pub source: TableName,
    /// The source's clock at the snapshot that the table equals.
    pub as_of: String,
    pub snapshot: String,
    pub error: Option<String>,
}
