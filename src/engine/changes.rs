//! Steps 1 to 3 for tables that have been copied: what changed since the fence, all tables under one snapshot.

use super::base::{Base, unsound};
use super::discover::Target;
use super::transfer::copy_out;
use super::view::{Compared, Extracted, View};
use super::{Engine, Report, cleanup};
use crate::config::Deletes;
use crate::config::settings::variable_name;
use crate::error::{Error, Kind, Result};
use crate::extract::audit::{self, Recorded};
use crate::extract::columns::SourceColumn;
use crate::extract::fence::{Activity, Fence};
use crate::extract::relation::{Cursor, RawRelation};
use crate::extract::snapshot;
use crate::extract::{Relation, catalog, query};
use crate::frame::parquet::{Batch, BatchKind, prefix};
use crate::frame::writer::Destination;
use crate::frame::{Column, version_columns};
use crate::lake::drift::{self, Drift, Reshape};
use crate::setup::Audit;
use crate::state::{Layout, Pending, Sweep};
use chrono::Utc;
use std::collections::HashMap;

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
        self.refuse_missing_triggers(target)?;
        let Some(base) = self.base(name)? else { return Ok(None) };
        let drift = drift::compare(name, &base.layout, &layout)?;
        let recorded = view.recorded.get(&relation.oid).copied().unwrap_or_default();
        let unsound = unsound(&base, target, &view.snapshot, recorded, &view.activity.now);
        let reshape = match unsound.map_or(drift, Drift::CopyAfresh) {
            Drift::Continue(reshape) => reshape,
            Drift::CopyAfresh(reason) => {
                tracing::warn!(table = %name, "{reason}: the table is copied afresh");
                self.copy_afresh(name, &reason)?;
                return Ok(None);
            }
        };
        let (mut changes, swept) = self.read_changes(view, target, &relation, &base, recorded).await?;
        let (diff, present) = self.compare_keys(view, &relation, &layout, &base).await?;
        changes.extend(present);
        Ok(Some(view.pending(target, Extracted { relation, layout, reshape, base, changes, diff, swept })))
    }

    /// A setting that asks for more than the source's triggers give is an error.
    fn refuse_missing_triggers(&self, target: &Target) -> Result<()> {
        let name = target.name();
        if target.deletes == Deletes::Audit && target.audit.is_none() {
            return Err(Error::table(format!(
                "no triggers record the deletes of {name}, or the role may not read pg2duck.audit; install them with: pg2duck \
                 setup --tables {name}; or set SYNC_TABLE_{}_DELETES=off",
                variable_name(&name.table)
            )));
        }
        if self.config.audit == Some(Audit::Full) && target.keeps_versions() && !target.records_every_version() {
            return Err(Error::table(format!(
                "AUDIT=full asks for every version of {name}, which its triggers do not record; install them with: pg2duck setup \
                 --audit full --tables {name}; or unset AUDIT to keep the versions that polls see"
            )));
        }
        Ok(())
    }

    /// What was written and deleted since: as recorded by triggers, as polled, or both; and the sweep, if this was one.
    async fn read_changes(
        &mut self,
        view: &View<'_>,
        target: &Target,
        relation: &Relation,
        base: &Base,
        recorded: Recorded,
    ) -> Result<(Vec<Batch>, Option<Sweep>)> {
        let mut changes = Vec::new();
        // A bootstrap read its rows under many snapshots, some of which saw versions that the first did not.
        let versions = target.records_every_version() && base.bootstrap.is_none();
        if versions && recorded.anything {
            let copy = audit::versions(relation, &base.since());
            let columns = relation.frame_columns().into_iter().chain(version_columns()).collect();
            changes.extend(self.transfer(&copy, relation, BatchKind::Versions, columns, view, drop).await?);
        }
        let sweep = self.sweep_due(relation, base, versions);
        // Where versions may have been recorded in another order than they were written, the rows have the last word.
        let polls = !versions || recorded.nested;
        if polls && recorded.deletes && target.audit.is_some() {
            let copy = audit::deletes(relation, &base.since());
            let key = relation.key_columns().map(SourceColumn::frame_column).collect();
            changes.extend(self.transfer(&copy, relation, BatchKind::Deletes, key, view, drop).await?);
        }
        if polls || sweep {
            changes.extend(self.poll(view, relation, base, sweep).await?);
        }
        let swept = sweep.then(|| Sweep { xmin: view.snapshot.xmin, at: Utc::now() });
        Ok((changes, swept))
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
    pub(super) async fn transfer(
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
