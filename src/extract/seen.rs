//! Transactions that were already read although the fence still lies before them.
//!
//! One transaction left open holds the fence back, and every poll would read again all that committed since. A commit is
//! atomic: once one row of a transaction was read, all its rows that were due have been. So its id can be left out next
//! time. The list lives in memory only; dropping it merely causes rows to be read again, which is harmless.

use super::snapshot::Snapshot;
use std::collections::BTreeSet;

/// Above this many ids the list costs more than it saves (10,000: about 3 ms per poll).
const CAP: usize = 10_000;

/// The transactions read so far from one table.
#[derive(Debug, Clone, Default)]
pub struct SeenXids {
    xids: BTreeSet<u32>,
    last: Option<u32>,
}

impl SeenXids {
    /// Notes the transaction of a row. Rows of one transaction tend to come in runs, which cost nothing here.
    pub fn note(&mut self, xid: u32) {
        if self.last != Some(xid) {
            self.last = Some(xid);
            self.xids.insert(xid);
        }
    }

    /// Forgets what the fence of `snapshot` excludes anyway, and everything if that is not enough.
    pub fn prune(&mut self, snapshot: &Snapshot) {
        self.last = None;
        let span = snapshot.xmax.saturating_sub(snapshot.xmin);
        self.xids.retain(|xid| (snapshot.xmax.wrapping_sub(u64::from(*xid)) & 0xffff_ffff) <= span);
        if self.xids.len() > CAP {
            self.xids.clear();
        }
    }

    /// The ids, for the query.
    pub fn to_vec(&self) -> Vec<u32> {
        self.xids.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(xmin: u64, xmax: u64) -> Snapshot {
        Snapshot { xmin, xmax, text: String::new() }
    }

    #[test]
    fn only_ids_at_or_after_the_fence_are_kept_across_a_wraparound() {
        let mut seen = SeenXids::default();
        let epoch = 1_u64 << 32;
        [u32::MAX - 5, u32::MAX, 3, 10].into_iter().for_each(|xid| seen.note(xid));
        seen.prune(&snapshot(epoch - 2, epoch + 11));
        assert_eq!(seen.to_vec(), [3, 10, u32::MAX]);
        seen.prune(&snapshot(epoch + 10, epoch + 11));
        assert_eq!(seen.to_vec(), [10]);
    }

    #[test]
    fn a_list_that_grows_too_long_is_dropped() {
        let mut seen = SeenXids::default();
        (0..=CAP as u32).for_each(|xid| seen.note(xid));
        seen.prune(&snapshot(0, 1 << 20));
        assert!(seen.to_vec().is_empty());
    }
}
