//! Transactions that were already read although the fence still lies before them.
//!
//! One transaction left open holds the fence back, and every poll would read again all that committed since. A commit is
//! atomic: once one row of a transaction was read, all its rows that were due have been. So its id can be left out next
//! time. The list lives in memory only; dropping it merely causes rows to be read again, which is harmless.

use crate::model::{Snapshot, xid as ids};
use std::collections::BTreeSet;

/// More ids than this would cost a poll more than they save (10,000: about 3 ms).
const CAP: usize = 10_000;

/// The transactions read so far from one table.
#[derive(Debug, Clone, Default)]
pub struct SeenXids {
    xids: BTreeSet<u32>,
    last: Option<u32>,
}

impl SeenXids {
    /// Records the transaction of a row read under `snapshot`, unless the next fence excludes it anyway or the list is full.
    /// Rows of one transaction tend to come in runs, which cost nothing here.
    pub fn record(&mut self, xid: u32, snapshot: &Snapshot) {
        if self.last != Some(xid) {
            self.last = Some(xid);
            if self.xids.len() < CAP && is_recent(xid, snapshot) {
                self.xids.insert(xid);
            }
        }
    }

    /// Forgets what the fence of `snapshot` excludes.
    pub fn prune(&mut self, snapshot: &Snapshot) {
        self.last = None;
        self.xids.retain(|xid| is_recent(*xid, snapshot));
    }

    /// The ids, for the query.
    pub fn to_vec(&self) -> Vec<u32> {
        self.xids.iter().copied().collect()
    }
}

/// Whether a poll whose fence is this snapshot would read the transaction's rows again.
fn is_recent(xid: u32, snapshot: &Snapshot) -> bool {
    ids::is_at_or_after(xid, snapshot.xmin, snapshot.xmax)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(xmin: u64, xmax: u64) -> Snapshot {
        Snapshot { xmin, xmax, text: String::new(), unflushed: None }
    }

    #[test]
    fn only_ids_at_or_after_the_fence_are_kept_across_a_wraparound() {
        let mut seen = SeenXids::default();
        let epoch = 1_u64 << 32;
        let open = snapshot(epoch - 7, epoch + 11);
        [u32::MAX - 5, u32::MAX, 3, 10, 12].into_iter().for_each(|xid| seen.record(xid, &open));
        seen.prune(&snapshot(epoch - 2, epoch + 11));
        assert_eq!(seen.to_vec(), [3, 10, u32::MAX]);
        seen.prune(&snapshot(epoch + 10, epoch + 11));
        assert_eq!(seen.to_vec(), [10]);
    }

    #[test]
    fn the_list_stops_growing_and_what_the_fence_excludes_is_not_noted() {
        let mut seen = SeenXids::default();
        (0..2 * CAP as u32).for_each(|xid| seen.record(xid, &snapshot(100, 1 << 20)));
        assert_eq!((seen.to_vec().len(), seen.to_vec()[0]), (CAP, 100));
    }
}
