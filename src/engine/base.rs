//! From where a table is read on, and what makes only a full copy exact.

use super::Engine;
use super::discover::Target;
use crate::error::Result;
use crate::extract::audit::{self, Recorded};
use crate::extract::fence::Fence;
use crate::extract::snapshot::Snapshot;
use crate::names::TableName;
use crate::state::{BootstrapProgress, Layout, Pending, Sweep, TableState};
use chrono::NaiveDateTime;

/// From where a table is read on: its cursor, the last cycle that waits for the lake, or its finished bootstrap.
pub struct Base {
    pub fence: Fence,
    pub layout: Layout,
    pub swept: Option<Sweep>,
    /// The triggers that have recorded deletes since then.
    pub audit: Option<String>,
    /// The source's clock then.
    pub as_of: Option<String>,
    /// The snapshot itself: of a bootstrap, the first.
    pub snapshot: Option<String>,
    pub bootstrap: Option<BootstrapProgress>,
}

impl Base {
    /// Up to where recorded changes were read.
    pub fn since(&self) -> audit::Since {
        audit::Since { xmin: self.fence.xmin, snapshot: self.snapshot.clone() }
    }
}

/// A row stores 32 bits of its transaction id: a fence further back than that cannot be compared with.
const XID_SPAN: u64 = 1 << 32;

impl Engine {
    /// Where this table stands; `None` where it must be copied first.
    pub(super) fn base(&mut self, name: &TableName) -> Result<Option<Base>> {
        let table = self.state.table(name)?;
        if let Some(last) = self.state.last_pending(name)? {
            let swept = last.swept.or(table.swept);
            let Pending { fence, layout, audit, as_of, snapshot, .. } = last;
            let (as_of, snapshot) = (Some(as_of), Some(snapshot));
            return Ok(Some(Base { fence, layout, swept, audit, as_of, snapshot, bootstrap: None }));
        }
        if let (Some(fence), Some(layout)) = (table.cursor, table.layout) {
            let TableState { swept, audit, as_of, snapshot, .. } = table;
            return Ok(Some(Base { fence, layout, swept, audit, as_of, snapshot, bootstrap: None }));
        }
        let finished = table.bootstrap.filter(|progress| progress.next_page.is_none());
        Ok(finished.map(|progress| Base {
            fence: progress.fence.clone(),
            layout: progress.layout.clone(),
            swept: None,
            audit: progress.audit.clone(),
            as_of: None,
            snapshot: Some(progress.snapshot.clone()),
            bootstrap: Some(progress),
        }))
    }
}

/// Why what changed since cannot be told from this snapshot, if so. `now` is the source's clock.
pub(super) fn unsound(
    base: &Base,
    target: &Target,
    snapshot: &Snapshot,
    recorded: Recorded,
    now: &str,
) -> Option<String> {
    stale_fence(&base.fence, snapshot).or_else(|| unknown_deletes(target, base, recorded, now))
}

/// Why the fence cannot be compared with this snapshot, if so.
fn stale_fence(fence: &Fence, snapshot: &Snapshot) -> Option<String> {
    if snapshot.xmin < fence.xmin {
        return Some("the source is older than the cursor (restored from a backup?)".into());
    }
    (snapshot.xmax - fence.xmin >= XID_SPAN).then(|| "the cursor is more than 2^32 transactions behind".into())
}

/// Why deletes since the fence are not all known, if so: only a full copy finds them then.
fn unknown_deletes(target: &Target, base: &Base, recorded: Recorded, now: &str) -> Option<String> {
    match (&base.audit, &target.fingerprint()) {
        (_, None) => None,
        (None, Some(_)) => Some("its deletes are recorded from now on".into()),
        (Some(before), Some(now)) if before != now => Some("the triggers that record its deletes were changed".into()),
        _ if base.as_of.as_deref().is_some_and(|before| days_between(before, now) >= audit::RETENTION_DAYS - 1) => {
            Some("recorded deletes may have been pruned since it was last read".into())
        }
        _ => recorded.unknown.then(|| "the source truncated it, or could not record which keys were deleted".into()),
    }
}

/// Whole days between two instants as the source prints them; 0 for what it never prints.
fn days_between(before: &str, now: &str) -> i64 {
    let parse = |text| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok();
    parse(now).zip(parse(before)).map_or(0, |(now, before)| (now - before).num_days())
}
