//! The one snapshot of a cycle, and what a table's share of it becomes.

use super::base::Base;
use super::diff::Digests;
use super::discover::Target;
use crate::extract::Relation;
use crate::extract::audit::Recorded;
use crate::extract::diff::Range;
use crate::extract::fence::{Activity, Fence};
use crate::extract::snapshot::Snapshot;
use crate::frame::parquet::Batch;
use crate::lake::drift::Reshape;
use crate::state::{DiffProgress, Layout, Pending, SourceState, Sweep};
use chrono::Utc;
use std::collections::HashMap;

/// The cycle's snapshot and what is known around it.
pub struct View<'a> {
    pub cycle: &'a str,
    pub snapshot: Snapshot,
    pub activity: Activity,
    pub source: SourceState,
    pub recorded: HashMap<u32, Recorded>,
    pub digests: Digests,
}

/// One table's share of the cycle.
pub struct Extracted {
    pub relation: Relation,
    pub layout: Layout,
    pub reshape: Reshape,
    pub base: Base,
    pub changes: Vec<Batch>,
    pub diff: Compared,
    pub swept: Option<Sweep>,
}

/// What a comparison of keys found, if there was one.
#[derive(Default)]
pub struct Compared {
    pub progress: Option<DiffProgress>,
    pub differing: Option<Vec<Range>>,
}

impl View<'_> {
    /// What is recorded of the table's share.
    pub fn pending(&self, target: &Target, extracted: Extracted) -> Pending {
        let Extracted { relation, layout, reshape, base, changes, diff, swept } = extracted;
        let (fence, bootstrap) = (base.fence, base.bootstrap);
        // A full copy is as good as a sweep.
        let swept = swept.or_else(|| bootstrap.is_some().then(|| Sweep { xmin: fence.xmin, at: Utc::now() }));
        Pending {
            cycle: self.cycle.to_owned(),
            table: target.name().clone(),
            lake: target.lake.clone(),
            reshape,
            cursor_column: relation.cursor_name().to_owned(),
            layout,
            fence: Fence { xmin: self.snapshot.xmin, low: self.source.horizon.low.clone() },
            swept,
            as_of: self.activity.now.clone(),
            snapshot: self.snapshot.text.clone(),
            audit: target.fingerprint(),
            diff: diff.differing,
            diff_progress: diff.progress,
            deletes: target.deletes_by().to_owned(),
            bootstrap: bootstrap.is_some(),
            full: false,
            rewritten: bootstrap.as_ref().is_some_and(|progress| progress.rewritten),
            batches: bootstrap
                .map(|progress| progress.batches)
                .unwrap_or_default()
                .into_iter()
                .chain(changes)
                .collect(),
        }
    }
}
