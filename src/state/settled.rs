//! The record that spares a cycle: up to which snapshot of the source everything is done.
//!
//! It is one small row, written anew while nothing changes, in place of every table's. Triggers in the file itself make it
//! invalid as soon as anything else of the state changes, so that nobody has to think of it.

use super::{Failure, State, TableState};
use crate::error::Result;
use crate::lake::file::FileIdentity;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

/// The version of the file that brought the record.
pub(super) const SINCE_VERSION: u32 = 3;

/// Every table equals the source at this snapshot, and nothing waits or has failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// As `pg_snapshot` prints it.
    pub snapshot: String,
    /// The source's clock when it was last seen to have this snapshot.
    pub as_of: String,
    pub synced_at: DateTime<Utc>,
    /// When something is due on its own: a sweep, a comparison of keys.
    pub until: DateTime<Utc>,
    /// Tells the settings under which all this holds from others.
    pub settings: u64,
    /// How many tables there are.
    pub tables: usize,
    /// The lake as it was left.
    pub lake: FileIdentity,
}

impl State {
    /// The record, if it still holds as far as this side knows.
    pub fn settled(&mut self) -> Result<Option<Settled>> {
        self.run(|db| Ok(read(db)?.and_then(|(valid, settled)| valid.then_some(settled))))
    }

    /// Makes the record, unless there is work that some process has left here meanwhile.
    pub fn settle(&mut self, settled: &Settled) -> Result<()> {
        self.run(|db| {
            db.execute(
                "INSERT OR REPLACE INTO settled (id, valid, body) SELECT 1, 1, ?1 \
                 WHERE NOT EXISTS (SELECT 1 FROM requests) AND NOT EXISTS (SELECT 1 FROM pending)",
                params![serde_json::to_string(settled)?],
            )?;
            Ok(())
        })
    }
}

fn read(db: &Connection) -> Result<Option<(bool, Settled)>, Failure> {
    let stored: Option<(bool, String)> =
        db.query_row("SELECT valid, body FROM settled", [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    // A record of another version is none.
    Ok(stored.and_then(|(valid, body)| Some((valid, serde_json::from_str(&body).ok()?))))
}

/// What the record tells of a table that stands at its snapshot. It was true once, so it does not matter whether it is valid.
pub(super) fn freshen(db: &Connection, table: &mut TableState) -> Result<(), Failure> {
    if let Some((_, settled)) = read(db)?
        && table.snapshot.as_ref() == Some(&settled.snapshot)
    {
        table.as_of = table.as_of.take().max(Some(settled.as_of));
        table.last_sync_at = table.last_sync_at.max(Some(settled.synced_at));
    }
    Ok(())
}
