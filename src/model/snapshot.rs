//! A snapshot of the source, and which cluster it is of.

use serde::{Deserialize, Serialize};

/// Which transactions the snapshot cannot see: those from `xmin` on, some of them, and those from `xmax` on, all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub xmin: u64,
    pub xmax: u64,
    /// `xmin:xmax:xip,…` as `pg_snapshot` prints it.
    pub text: String,
    /// Where the source's log stood when the snapshot was taken, in bytes, if its end was not on the disk.
    pub unflushed: Option<u64>,
}

/// The source by a probe: one statement that touches no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The source's clock, just before the snapshot.
    pub now: String,
    /// As `pg_snapshot` prints it. Complete on a primary only: a standby does not list which transactions run.
    pub snapshot: String,
    pub in_recovery: bool,
}

/// Which cluster answers. A cursor is worth nothing on another one, or on a restored copy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub system: Option<String>,
    /// Unknown on a standby.
    pub timeline: Option<String>,
    pub database: String,
}

impl Identity {
    /// The cluster and the database, as the lake notes whose a table is; `None` where the cluster is not known.
    pub fn origin(&self) -> Option<String> {
        self.system.as_ref().map(|system| format!("{system}/{}", self.database))
    }
}
