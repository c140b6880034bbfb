//! What the source's audit triggers record of a table.

/// The triggers that record what happens to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditTriggers {
    /// Changes when a trigger is made anew, dropped, disabled or enabled.
    pub fingerprint: String,
    /// Every insert, update and delete is recorded with the rows themselves, not only the keys of deleted ones. Never of a
    /// single partition: what its parent records may be another's. Nor where no way leads from a value's JSON back to it.
    pub full: bool,
}

/// What the audit table has to tell of one table since it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditSummary {
    /// Rows were deleted, or their keys changed.
    pub deletes: bool,
    /// Rows were written or deleted.
    pub anything: bool,
    /// Which ones is not known: TRUNCATE, or a trigger older than its table's key.
    pub unknown: bool,
    /// Some of it by a trigger or a cascade. What a trigger does to a row of its own table is recorded before what set it off.
    pub nested: bool,
}

/// The snapshot up to which recorded changes were read.
///
/// A recorded change carries its top-level transaction, so the snapshot itself tells what it saw: each change is read once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Since {
    /// The oldest transaction that it could not see.
    pub xmin: u64,
    /// All of it, as `pg_snapshot` prints it.
    pub snapshot: String,
}

/// How long recorded changes are kept for those that read them. Whoever was away for longer bootstraps its tables again.
pub const RETENTION_DAYS: i64 = 7;
