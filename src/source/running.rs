//! What a standby's snapshot leaves out: it keeps to itself which transactions were open. What triggers recorded is told apart by
//! that list, so here it is made up.
//!
//! Before the snapshot the standby is asked which transactions it does not know to have committed: whatever the snapshot cannot see is
//! among these, or began later. Under the snapshot, those of them that it sees are struck out: what they recorded is there.

use super::connection::Connection;
use super::rows::{self, row};
use super::sql::{Template, Value, template};
use crate::error::Result;
use crate::model::Snapshot;
use std::collections::HashSet;

const RUNNING: Template = template!("running");
const SEEN: Template = template!("seen");

row! {
    /// The transactions of a standby, before its snapshot.
    struct RunningRow {
        next: i64,
        running: Vec<i64>,
    }
}

/// The transactions that a later snapshot may not see, if they are older than it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    /// All from here on.
    next: u64,
    xids: Vec<u64>,
}

/// Reads them; must come before the snapshot.
pub(super) async fn running(source: &mut Connection) -> Result<Running> {
    let row: RunningRow = rows::one(source, "look what the standby replays", &RUNNING.fill(&[])?).await?;
    Ok(Running { next: row.next.cast_unsigned(), xids: row.running.into_iter().map(i64::cast_unsigned).collect() })
}

row! {
    struct SeenRow {
        xid: i64,
    }
}

impl Running {
    /// The snapshot, whose transaction this is, with what it cannot see of all that was recorded.
    pub(super) async fn complete(&self, source: &mut Connection, snapshot: Snapshot) -> Result<Snapshot> {
        let unseen = self.may_be_unseen(&snapshot);
        if unseen.is_empty() {
            return Ok(snapshot);
        }
        let texts: Vec<String> = unseen.iter().map(u64::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let seen: Vec<SeenRow> = rows::all(source, &SEEN.fill(&[("xids", Value::Texts(&texts))])?).await?;
        let seen: HashSet<u64> = seen.into_iter().map(|row| row.xid.cast_unsigned()).collect();
        let unseen: Vec<u64> = unseen.into_iter().filter(|xid| !seen.contains(xid)).collect();
        Ok(Snapshot { text: text(&snapshot, &unseen), ..snapshot })
    }

    /// In order.
    fn may_be_unseen(&self, snapshot: &Snapshot) -> Vec<u64> {
        let older = self.xids.iter().copied().filter(|xid| *xid < self.next.min(snapshot.xmax));
        let later = self.next.max(snapshot.xmin)..snapshot.xmax;
        older.chain(later).filter(|xid| *xid >= snapshot.xmin).collect()
    }
}

/// As `pg_snapshot` reads it.
fn text(snapshot: &Snapshot, unseen: &[u64]) -> String {
    let unseen: Vec<String> = unseen.iter().map(u64::to_string).collect();
    format!("{}:{}:{}", snapshot.xmin, snapshot.xmax, unseen.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(xmin: u64, xmax: u64) -> Snapshot {
        Snapshot { xmin, xmax, text: format!("{xmin}:{xmax}:"), unflushed: None }
    }

    #[test]
    fn what_ran_before_the_snapshot_or_began_since_may_be_unseen() {
        let running = Running { next: 110, xids: vec![100, 104, 109] };
        assert_eq!(running.may_be_unseen(&snapshot(104, 113)), [104, 109, 110, 111, 112]);
        assert_eq!(running.may_be_unseen(&snapshot(112, 113)), [112]);
        assert_eq!(running.may_be_unseen(&snapshot(120, 120)), [] as [u64; 0]);
        assert_eq!(text(&snapshot(104, 113), &[104, 112]), "104:113:104,112");
        assert_eq!(text(&snapshot(113, 113), &[]), "113:113:");
    }
}
