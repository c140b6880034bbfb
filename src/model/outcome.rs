//! What the lake tells of its tables.

use super::{Fence, TableName};

/// Where the lake stands with one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRow {
    pub source: TableName,
    pub lake: TableName,
    pub mode: String,
    /// Which database it is of, if that is known.
    pub origin: Option<String>,
    /// The last cycle that brought it rows.
    pub cycle: String,
    /// Up to where it was read: the fence of that cycle, and the snapshot and clock of the last one that found it as it is.
    pub fence: Option<Fence>,
    pub snapshot: String,
    pub as_of: String,
}

/// What a lake table holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub rows: u64,
    /// Values that it cannot hold.
    pub rejects: u64,
    /// Rows that a comparison of keys found to be gone from the source.
    pub gone: u64,
    /// Keys that a comparison found in the source and that the lake has no row of.
    pub lacking: u64,
}

/// How fresh one table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    pub source: TableName,
    pub lake: TableName,
    pub mode: &'static str,
    /// The source's clock at the snapshot that the table equals, where the ledger knows it.
    pub as_of: Option<String>,
    pub snapshot: Option<String>,
    pub error: Option<String>,
}

/// What readers of the lake are to know of its tables.
#[derive(Debug, Clone, Copy)]
pub struct News<'a> {
    /// The database that they are of.
    pub origin: Option<&'a str>,
    pub tables: &'a [Freshness],
    /// Tables that are followed no more, and why.
    pub gone: &'a [(TableName, String)],
}
