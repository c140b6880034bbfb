//! The read that finds written rows: by the cursor since the fence, or by `xmin` alone since the last sweep.

use super::Engine;
use super::base::Base;
use super::view::View;
use crate::error::Result;
use crate::extract::fence::Fence;
use crate::extract::relation::Cursor;
use crate::extract::{Relation, query};
use crate::frame::parquet::{Batch, BatchKind};
use chrono::{DateTime, Utc};

/// Heap pages of a table that is swept at every cycle.
const SMALL_PAGES: u64 = 8;

impl Engine {
    /// The rows of a table that were written since its fence, or since its last sweep.
    pub(super) async fn poll(
        &mut self,
        view: &View<'_>,
        relation: &Relation,
        base: &Base,
        sweep: bool,
    ) -> Result<Vec<Batch>> {
        let name = &relation.name;
        if sweep {
            // Until it has succeeded: a sweep that takes too long must not stop the polls that do not.
            self.sweep_tried.insert(name.clone(), Utc::now());
        }
        let since = match &base.swept {
            Some(swept) if sweep => Fence { xmin: swept.xmin, low: None },
            // A standby cannot tell when the transactions began that it replays.
            _ if view.activity.in_recovery => Fence { low: None, ..base.fence.clone() },
            _ => base.fence.clone(),
        };
        let mut seen = self.seen.get(name).cloned().unwrap_or_default();
        let skip = if sweep { Vec::new() } else { seen.to_vec() };
        let copy = query::changes(relation, &since, &view.snapshot, self.config.overlap, &skip);
        let note = |xid| seen.note(xid, &view.snapshot);
        let changes = self.transfer(&copy, relation, BatchKind::Changes, relation.frame_columns(), view, note).await?;
        if sweep {
            self.sweep_tried.remove(name);
        }
        seen.prune(&view.snapshot);
        self.seen.insert(name.clone(), seen);
        Ok(changes)
    }

    /// Without a cursor column every read is a sweep already, and a bootstrap has just read everything. A table of a few
    /// pages is swept at every cycle: scanning it costs no more than descending its index, unless there is no need to poll
    /// (`idle`).
    pub(super) fn sweep_due(&self, relation: &Relation, base: &Base, idle: bool) -> bool {
        let elapsed = |at: DateTime<Utc>| Utc::now().signed_duration_since(at).to_std().unwrap_or_default();
        let small = !idle && (1..=SMALL_PAGES).contains(&relation.pages);
        (idle || matches!(relation.cursor, Cursor::Column { .. }))
            && base.bootstrap.is_none()
            && self.sweep_tried.get(&relation.name).is_none_or(|at| elapsed(*at) >= self.config.sweep_interval)
            && base.swept.as_ref().is_some_and(|sweep| small || elapsed(sweep.at) >= self.config.sweep_interval)
    }
}
