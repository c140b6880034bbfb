//! Steps 1 to 3 for tables that have been copied: what changed since the fence, all tables under one snapshot.

use super::diff::Digests;
use super::discover::Target;
use super::transfer::copy_out;
use super::{Engine, Report, cleanup};
use crate::config::Deletes;
use crate::config::settings::variable_name;
use crate::error::{Error, Kind, Result};
use crate::extract::audit::{self, Recorded};
use crate::extract::columns::SourceColumn;
use crate::extract::diff::{self, Range};
use crate::extract::fence::{Activity, Fence};
use crate::extract::relation::{Cursor, RawRelation};
use crate::extract::snapshot::{self, Snapshot};
use crate::extract::{Relation, catalog, query};
use crate::frame::parquet::{Batch, BatchKind, prefix};
use crate::frame::writer::Destination;
use crate::frame::{Column, version_columns};
use crate::lake::drift::{self, Drift, Reshape};
use crate::names::TableName;
use crate::state::{BootstrapProgress, DiffProgress, Layout, Pending, SourceState, Sweep, TableState};
use chrono::{DateTime, NaiveDateTime, Utc};
use std::collections::HashMap;

/// From where a table is read on: its cursor, the last cycle that waits for the lake, or its finished bootstrap.
struct Base {
    fence: Fence,
    layout: Layout,
    swept: Option<Sweep>,
    /// The triggers that have recorded deletes since then.
    audit: Option<String>,
    /// The source's clock then.
    as_of: Option<String>,
    /// The snapshot itself: of a bootstrap, the first.
    snapshot: Option<String>,
    bootstrap: Option<BootstrapProgress>,
}

impl Base {
    fn since(&self) -> audit::Since {
        audit::Since { xmin: self.fence.xmin, snapshot: self.snapshot.clone() }
    }
}

/// The cycle's snapshot and what is known around it.
struct View<'a> {
    cycle: &'a str,
    snapshot: Snapshot,
    activity: Activity,
    source: SourceState,
    recorded: HashMap<u32, Recorded>,
    digests: Digests,
}

/// One table's share of the cycle.
struct Extracted {
    relation: Relation,
    layout: Layout,
    reshape: Reshape,
    base: Base,
    changes: Vec<Batch>,
    diff: Compared,
    swept: Option<Sweep>,
}

/// What a comparison of keys found, if there was one.
#[derive(Default)]
struct Compared {
    progress: Option<DiffProgress>,
    differing: Option<Vec<Range>>,
}

impl View<'_> {
    fn pending(&self, target: &Target, extracted: Extracted) -> Pending {
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

/// A row stores 32 bits of its transaction id: a fence further back than that cannot be compared with.
const XID_SPAN: u64 = 1 << 32;
const SMALL_PAGES: u64 = 8;

impl Engine {
    /// Extracts the changes of all targets and records them, so that they survive a crash. Until they are recorded, an
    /// error makes all of them void, what was noted as seen included.
    pub(super) async fn extract_changes(&mut self, cycle: &str, targets: &[Target], report: &mut Report) -> Result<()> {
        let targets: Vec<&Target> =
            targets.iter().filter(|target| !report.failed.contains_key(target.name())).collect();
        if targets.is_empty() {
            return Ok(());
        }
        let digests = self.digests(&targets)?;
        let activity = snapshot::observe(self.source()?).await?;
        let selected: Vec<_> = targets.iter().map(|target| &target.selected).collect();
        let audited = targets.iter().any(|target| target.audit.is_some());
        let (snapshot, refused) = snapshot::begin(self.source()?, &selected, audited).await?;
        for (name, error) in refused {
            self.fail(&name, error, report)?;
        }
        let mut source = self.state.source()?;
        source.horizon = source.horizon.advance(&activity);
        source.held_back = held_back(&activity);
        let recorded = self.recorded_deletes(&targets).await?;
        let view = View { cycle, snapshot, activity, source, recorded, digests };
        let extracted = self.extract_under(&view, &targets, report).await?;
        snapshot::end(self.source()?).await?;
        self.state.record_extracted(&view.source, &extracted)
    }

    async fn extract_under(
        &mut self,
        view: &View<'_>,
        targets: &[&Target],
        report: &mut Report,
    ) -> Result<Vec<Pending>> {
        let selected: Vec<_> = targets.iter().map(|target| target.selected.clone()).collect();
        let mut described = catalog::describe(self.source()?, &selected).await?;
        // An error in one table aborts the transaction; coming back here keeps the snapshot for the others.
        self.source()?.execute("SAVEPOINT pg2duck_table").await?;
        let mut extracted = Vec::new();
        for target in targets {
            let name = target.name();
            if report.failed.contains_key(name) {
                continue;
            }
            self.check_shutdown()?;
            let raw = described.iter().position(|raw| raw.name == *name).map(|at| described.swap_remove(at));
            match self.extract_table(view, target, raw).await {
                Ok(Some(pending)) => extracted.push(pending),
                Ok(None) => report.again = true,
                Err(error) if error.kind() == Kind::Table => {
                    self.source()?.execute("ROLLBACK TO SAVEPOINT pg2duck_table").await?;
                    self.fail(name, error, report)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(extracted)
    }

    /// One table's changes; `None` when it must be copied afresh first.
    async fn extract_table(
        &mut self,
        view: &View<'_>,
        target: &Target,
        raw: Option<RawRelation>,
    ) -> Result<Option<Pending>> {
        let name = target.name();
        let raw = raw.ok_or_else(|| Error::table(format!("{name} was dropped while it was looked at")))?;
        let (relation, layout) = Self::resolve(&self.config, raw)?;
        if relation.cursor == Cursor::Full {
            return self.extract_in_full(view, target, relation, layout).await.map(Some);
        }
        if target.deletes == Deletes::Audit && target.audit.is_none() {
            return Err(Error::table(format!(
                "no triggers record the deletes of {name}, or the role may not read pg2duck.audit; install them with: pg2duck \
                 setup --tables {name}; or set SYNC_TABLE_{}_DELETES=off",
                variable_name(&name.table)
            )));
        }
        let Some(base) = self.base(name)? else { return Ok(None) };
        let drift = drift::compare(name, &base.layout, &layout)?;
        let recorded = view.recorded.get(&relation.oid).copied().unwrap_or_default();
        let unsound = stale_fence(&base.fence, &view.snapshot)
            .or_else(|| unknown_deletes(target, &base, recorded, &view.activity.now));
        let reshape = match unsound.map_or(drift, Drift::CopyAfresh) {
            Drift::Continue(reshape) => reshape,
            Drift::CopyAfresh(reason) => {
                tracing::warn!(table = %name, "{reason}: the table is copied afresh");
                self.copy_afresh(name, &reason)?;
                return Ok(None);
            }
        };
        let mut changes = Vec::new();
        // A bootstrap read its rows under many snapshots, some of which saw versions that the first did not.
        let versions = target.records_every_version() && base.bootstrap.is_none();
        if versions && recorded.anything {
            let copy = audit::versions(&relation, &base.since());
            let columns = relation.frame_columns().into_iter().chain(version_columns()).collect();
            changes.extend(self.transfer(&copy, &relation, BatchKind::Versions, columns, view, drop).await?);
        }
        let sweep = self.sweep_due(&relation, &base, versions);
        // Where versions may have been recorded in another order than they were written, the rows have the last word.
        let polls = !versions || recorded.nested;
        if polls && recorded.deletes && target.audit.is_some() {
            let copy = audit::deletes(&relation, &base.since());
            let key = relation.key_columns().map(SourceColumn::frame_column).collect();
            changes.extend(self.transfer(&copy, &relation, BatchKind::Deletes, key, view, drop).await?);
        }
        if polls || sweep {
            changes.extend(self.poll(view, &relation, &base, sweep).await?);
        }
        let (diff, present) = self.compare_keys(view, &relation, &layout, &base).await?;
        changes.extend(present);
        let swept = sweep.then(|| Sweep { xmin: view.snapshot.xmin, at: Utc::now() });
        Ok(Some(view.pending(target, Extracted { relation, layout, reshape, base, changes, diff, swept })))
    }

    /// The ranges of keys that differ from the lake's, and the source's keys in them.
    async fn compare_keys(
        &mut self,
        view: &View<'_>,
        relation: &Relation,
        layout: &Layout,
        base: &Base,
    ) -> Result<(Compared, Vec<Batch>)> {
        let Some(digests) = view.digests.get(&relation.name).filter(|_| *layout == base.layout) else {
            return Ok(Default::default());
        };
        let mut differing = Vec::new();
        for (range, in_lake) in digests {
            self.check_shutdown()?;
            let same = match in_lake {
                Some(in_lake) => diff::digest(self.source()?, relation, layout, range).await? == *in_lake,
                None => false,
            };
            if !same {
                differing.push(range.clone());
            }
        }
        let progress = Some(self.progress(&relation.name, digests)?);
        if differing.is_empty() {
            return Ok((Compared { progress, differing: None }, Vec::new()));
        }
        let key = relation.key_columns().map(SourceColumn::frame_column).collect();
        let copy = diff::copy(relation, layout, &differing);
        let present = self.transfer(&copy, relation, BatchKind::Present, key, view, drop).await?;
        Ok((Compared { progress, differing: Some(differing) }, present))
    }

    /// The rows of a table that were written since its fence, or since its last sweep.
    async fn poll(&mut self, view: &View<'_>, relation: &Relation, base: &Base, sweep: bool) -> Result<Vec<Batch>> {
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

    /// A relation whose rows do not tell when they were written: all of them, in place of the lake's.
    async fn extract_in_full(
        &mut self,
        view: &View<'_>,
        target: &Target,
        relation: Relation,
        layout: Layout,
    ) -> Result<Pending> {
        let copy = query::everything(&relation);
        let columns = relation.frame_columns();
        let all = self.transfer(&copy, &relation, BatchKind::Bootstrap, columns, view, drop).await?;
        let fence = Fence { xmin: view.snapshot.xmin, low: None };
        let base = Base {
            fence,
            layout: layout.clone(),
            swept: None,
            audit: None,
            as_of: None,
            snapshot: None,
            bootstrap: None,
        };
        let reshape = Reshape::default();
        let extracted =
            Extracted { relation, layout, reshape, base, changes: all, diff: Compared::default(), swept: None };
        // Whatever still waits of it is superseded.
        let garbage = self.state.drop_pending(target.name())?;
        cleanup::discard(&self.config, &garbage);
        Ok(Pending { bootstrap: true, full: true, ..view.pending(target, extracted) })
    }

    /// One table's rows under the cycle's snapshot.
    async fn transfer(
        &mut self,
        copy: &str,
        relation: &Relation,
        kind: BatchKind,
        columns: Vec<Column>,
        view: &View<'_>,
        note_xid: impl FnMut(u32),
    ) -> Result<Vec<Batch>> {
        let prefix = prefix(view.cycle, kind, None);
        let destination = Destination { columns, ..Self::destination(&self.config, relation, kind, prefix) };
        let shutdown = self.shutdown.clone();
        copy_out(self.source()?, copy, destination, &shutdown, note_xid, drop).await
    }

    /// What the audit table has of these tables since their fences.
    async fn recorded_deletes(&mut self, targets: &[&Target]) -> Result<HashMap<u32, Recorded>> {
        let mut since = Vec::new();
        for target in targets.iter().filter(|target| target.audit.is_some()) {
            if let Some(base) = self.base(target.name())? {
                since.push((target.selected.oid, base.since()));
            }
        }
        audit::recorded(self.source()?, &since).await
    }

    fn base(&mut self, name: &TableName) -> Result<Option<Base>> {
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

    /// Without a cursor column every read is a sweep already, and a bootstrap has just read everything. A table of a few
    /// pages is swept at every cycle: scanning it costs no more than descending its index, unless there is no need to poll
    /// (`idle`).
    fn sweep_due(&self, relation: &Relation, base: &Base, idle: bool) -> bool {
        let elapsed = |at: DateTime<Utc>| Utc::now().signed_duration_since(at).to_std().unwrap_or_default();
        let small = !idle && (1..=SMALL_PAGES).contains(&relation.pages);
        (idle || matches!(relation.cursor, Cursor::Column { .. }))
            && base.bootstrap.is_none()
            && self.sweep_tried.get(&relation.name).is_none_or(|at| elapsed(*at) >= self.config.sweep_interval)
            && base.swept.as_ref().is_some_and(|sweep| small || elapsed(sweep.at) >= self.config.sweep_interval)
    }
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

fn held_back(activity: &Activity) -> Option<String> {
    if activity.in_recovery {
        return Some(
            "the source is a standby, where open transactions are invisible: every poll reads by xmin alone".into(),
        );
    }
    (!activity.sees_all).then(|| {
        let now = if activity.blind > 0 { " (as now)" } else { "" };
        format!(
            "without pg_read_all_stats the range that polls read cannot shrink while a transaction of another role is \
             open{now}: correct, but dearer for the source; to avoid it: GRANT pg_read_all_stats TO your_role"
        )
    })
}
