//! Where a table stands, and the fence in it: what proves that no committed change is ever missed. Pure logic; `source` does
//! the reading.
//!
//! A cursor is `(xmin, low)`: `xmin` is the oldest transaction that the last snapshot could not see, `low` an instant no
//! later than the start of every transaction that was open then. A row that the last snapshot could not see was written by
//! such a transaction, or by one that began later: either way its `xmin` is not older than the fence's, and its
//! `updated_at` not earlier than `low` (less the overlap). So reading both conditions misses nothing.
//! Keeping an old `low` is always sound; only advancing it needs proof.

use super::{Since, xid};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An instant in UTC as `YYYY-MM-DD HH:MM:SS.ffffff`, which sorts as text. `None` is minus infinity.
pub type Low = Option<String>;

/// Up to where a table was read, and what must still hold to go on from there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Where the next poll starts.
    pub fence: Fence,
    /// The snapshot, as `pg_snapshot` prints it: of a bootstrap, the first.
    pub snapshot: String,
    /// The source's clock just before it.
    pub as_of: String,
    /// The last read of the whole table by `xmin` alone; `None` where there was none since the bootstrap.
    pub full_scan: Option<FullScan>,
    /// The triggers that have recorded deletes since then; `None` where deletes are not followed.
    pub audit: Option<String>,
}

impl Position {
    /// Up to where recorded changes were read.
    pub fn since(&self) -> Since {
        Since { xmin: self.fence.xmin, snapshot: self.snapshot.clone() }
    }
}

/// A read of the whole table by `xmin` alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullScan {
    pub xmin: u64,
    pub at: DateTime<Utc>,
}

/// Where the next poll of a table starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// `pg_snapshot_xmin` of the snapshot that was read, epoch included.
    pub xmin: u64,
    pub low: Low,
}

impl Fence {
    /// Whether the fence's snapshot may not have seen the transaction that a row names. `xmax` is that of a later snapshot
    /// which saw the row.
    pub fn may_have_missed(&self, row: u32, xmax: u64) -> bool {
        xid::is_at_or_after(row, self.xmin, xmax)
    }
}

/// What was going on in the source just before a snapshot was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// The source's clock.
    pub now: String,
    /// The earliest start of any transaction open now, or `now`.
    pub low: String,
    /// Sessions that hold a transaction whose start we may not see.
    pub hidden_sessions: i64,
    /// Whether the role may see when other roles' transactions began (`pg_read_all_stats`).
    pub sees_all: bool,
    /// Prepared transactions: open, but with no session and no start time.
    pub prepared: Vec<u64>,
    /// Why open transactions cannot be seen at all, if so: a standby does not know those of its primary.
    pub unseen: Option<String>,
}

/// What is known of the source as a whole between cycles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Horizon {
    pub low: Low,
    /// For each prepared transaction, the `low` that held when it was first seen.
    pub prepared: BTreeMap<u64, Low>,
}

impl Horizon {
    /// The horizon after a snapshot that `activity` was read before.
    #[must_use]
    pub fn advance(&self, activity: &Activity) -> Self {
        let prepared: BTreeMap<u64, Low> =
            activity.prepared.iter().map(|xid| (*xid, self.prepared.get(xid).unwrap_or(&self.low).clone())).collect();
        let proven = activity.hidden_sessions == 0 && activity.unseen.is_none();
        let bound = prepared.values().cloned().chain([Some(activity.low.clone())]).min().flatten();
        // `None` sorts first, as minus infinity must.
        let low = if proven { self.low.clone().max(bound) } else { self.low.clone() };
        Self { low, prepared }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity(low: &str, prepared: &[u64]) -> Activity {
        Activity {
            now: "9".into(),
            low: low.into(),
            hidden_sessions: 0,
            sees_all: true,
            prepared: prepared.to_vec(),
            unseen: None,
        }
    }

    fn low(text: &str) -> Low {
        Some(text.into())
    }

    #[test]
    fn low_follows_the_oldest_open_transaction_and_never_goes_back() {
        let horizon = Horizon::default().advance(&activity("3", &[]));
        assert_eq!(horizon.low, low("3"));
        assert_eq!(horizon.advance(&activity("5", &[])).low, low("5"));
        assert_eq!(horizon.advance(&activity("1", &[])).low, low("3"));
    }

    #[test]
    fn a_hidden_session_or_a_standby_holds_low_where_it_is() {
        let horizon = Horizon { low: low("3"), ..Horizon::default() };
        assert_eq!(horizon.advance(&Activity { hidden_sessions: 1, ..activity("5", &[]) }).low, low("3"));
        assert_eq!(horizon.advance(&Activity { unseen: Some("a standby".into()), ..activity("5", &[]) }).low, low("3"));
        assert_eq!(Horizon::default().advance(&Activity { hidden_sessions: 1, ..activity("5", &[]) }).low, None);
    }

    #[test]
    fn a_prepared_transaction_holds_low_at_what_it_was_when_first_seen() {
        let first = Horizon { low: low("3"), ..Horizon::default() }.advance(&activity("5", &[77]));
        assert_eq!((first.low.clone(), first.prepared[&77].clone()), (low("3"), low("3")));
        let second = first.advance(&activity("6", &[77]));
        assert_eq!(second.low, low("3"));
        let resolved = second.advance(&activity("7", &[]));
        assert_eq!((resolved.low, resolved.prepared.len()), (low("7"), 0));
    }

    #[test]
    fn a_prepared_transaction_met_at_the_first_cycle_leaves_no_bound() {
        assert_eq!(Horizon::default().advance(&activity("5", &[77])).low, None);
    }
}
