//! What the source's audit triggers record of a table.

/// The triggers that record what happens to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditTriggers {
    /// Changes when a trigger is made anew, dropped, disabled or enabled.
    pub fingerprint: String,
    /// Why rows may go unrecorded, if so: a trigger is missing, or does not fire in every session.
    pub lack: Option<String>,
    /// Every insert, update and delete is recorded with the rows themselves, not only the keys of deleted ones. Never of a
    /// single partition: what its parent records may be another's. Nor where no way leads from a value's JSON back to it.
    pub full: bool,
    /// The role may read which shapes the recorded rows had.
    pub shapes: bool,
}

impl AuditTriggers {
    /// The relations whose triggers a fingerprint tells: `16385:pg2duck_delete:733,…`.
    pub fn relations(fingerprint: &str) -> impl Iterator<Item = u32> {
        fingerprint.split(',').filter_map(|trigger| trigger.split(':').next()?.parse().ok())
    }
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
    /// Rows were recorded with all that stood in them since the lake had its last version: before a bootstrap, too.
    pub versions: bool,
    /// Some of those under another shape than the table has now.
    pub reshaped: bool,
    /// Some of those by triggers that record no shape.
    pub shapeless: bool,
}

/// From where on it matters what was recorded of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    pub relation: u32,
    pub since: Since,
    /// Up to where the lake has recorded versions: less far, where the table is copied afresh.
    pub versions_since: Since,
    /// Relations that may have been this table or a part of it until they were dropped.
    pub former: Vec<u32>,
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
