//! Before a cycle: connect, make sure that the source is the one the cursors belong to, and find the tables.

use super::idle::later;
use super::{Engine, Report, cleanup};
use crate::config::{Config, Deletes};
use crate::error::{Error, Kind, Result};
use crate::extract::audit::Audit;
use crate::extract::catalog::Selected;
use crate::extract::relation::RawRelation;
use crate::extract::snapshot::{self, Identity, Moment};
use crate::extract::{Connection, Relation, audit, catalog};
use crate::lake::Mode;
use crate::names::TableName;
use crate::state::Layout;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::time::Duration;

const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// Why a table is copied afresh when somebody asked for it.
const RESYNC: &str = "resync was asked for";

/// A table to sync, its name in the lake and what it means there.
#[derive(Debug, Clone)]
pub struct Target {
    pub selected: Selected,
    pub lake: TableName,
    pub mode: Mode,
    pub deletes: Deletes,
    /// The triggers that record its deletes, if all are in place.
    pub audit: Option<Audit>,
}

impl Target {
    /// The source table.
    pub fn name(&self) -> &TableName {
        &self.selected.name
    }

    /// What tells these triggers from others.
    pub fn fingerprint(&self) -> Option<String> {
        self.audit.as_ref().map(|audit| audit.fingerprint.clone())
    }

    /// Whether the lake wants every version of every row.
    pub fn keeps_versions(&self) -> bool {
        matches!(self.mode, Mode::History | Mode::Append)
    }

    /// Whether the source's triggers record them, too.
    pub fn records_every_version(&self) -> bool {
        self.keeps_versions() && self.audit.as_ref().is_some_and(|audit| audit.full)
    }

    /// Whether it is read whole at every cycle: by choice, or because its rows do not tell when they were written.
    pub fn is_read_in_full(&self) -> bool {
        self.mode.reads_in_full() || !self.selected.kind.has_xmin() || !self.selected.reads_xmin
    }
}

impl Engine {
    /// Connects if need be, and looks what the source's clock and snapshot are.
    pub(super) async fn connect(&mut self) -> Result<Moment> {
        if self.source.is_none() {
            let mut source = Connection::reach(&self.config).await?;
            // What may suffice to see that nothing happened needs no session of our own.
            if self.settled()?.is_none() {
                source.pin(&self.config).await?;
            }
            let identity = snapshot::identify(&mut source).await?;
            self.source = Some(source);
            self.check_identity(identity)?;
        }
        snapshot::glance(self.source()?).await
    }

    /// Finds the tables of this cycle; those that cannot be synced are in the report.
    pub(super) async fn discover(&mut self, report: &mut Report) -> Result<Vec<Target>> {
        let config = Arc::clone(&self.config);
        if !self.source()?.is_pinned() {
            self.source()?.pin(&config).await?;
        }
        self.honour_requests()?;
        let selection = self.config.selection.clone();
        let (selected, missing) = catalog::select(self.source()?, &selection).await?;
        let setting = selection.setting;
        for name in missing {
            let error = Error::table(format!(
                "no table {name} in {}; {setting} names it, and the role must have USAGE on its schema",
                self.config.source
            ));
            report.failed.insert(name, error);
        }
        if selected.is_empty() && report.failed.is_empty() {
            return Err(Error::config(format!("{setting}: no table of {} matches", self.config.source)));
        }
        let mut targets = Vec::new();
        for selected in selected {
            let settings = self.config.tables.of(&selected.name);
            let (mode, deletes) = (settings.mode, settings.deletes);
            let lake = self.config.lake_table.apply(&selected.name);
            let target = Target { lake, selected, mode, deletes, audit: None };
            match self.refusal(&target, &targets)? {
                Some(error) => drop(report.failed.insert(target.name().clone(), error)),
                None => targets.push(target),
            }
        }
        if let Some(only) = &self.only {
            report.failed.retain(|name, _| name == only);
            targets.retain(|target| target.name() == only);
            if targets.is_empty() && report.failed.is_empty() {
                return Err(Error::config(format!("resync {only}: {setting} does not select this table")));
            }
        }
        match self.only.clone() {
            Some(only) if !targets.is_empty() && std::mem::take(&mut self.resync_due) => {
                self.copy_afresh(&only, RESYNC)?
            }
            Some(_) => {}
            None => self.forget_others(&targets, report)?,
        }
        self.note_failures(report)?;
        self.find_audits(&mut targets).await?;
        Ok(targets)
    }

    /// Which tables have their deletes recorded, seen before the snapshot: so nothing deleted since it is unrecorded.
    async fn find_audits(&mut self, targets: &mut [Target]) -> Result<()> {
        let follows = |target: &Target| target.deletes != Deletes::Off && !target.is_read_in_full();
        let oids: Vec<u32> =
            targets.iter().filter(|target| follows(target)).map(|target| target.selected.oid).collect();
        let mut covered = audit::audits(self.source()?, &oids).await?;
        for target in targets.iter_mut() {
            target.audit = covered.remove(&target.selected.oid);
        }
        Ok(())
    }

    /// When the audit table is to be pruned; `None` for now.
    pub(super) fn next_pruning(&mut self) -> Result<Option<DateTime<Utc>>> {
        Ok(self.state.source()?.pruned_at.and_then(|at| later(at, PRUNE_EVERY)))
    }

    /// Once in a while removes what everybody has read of the audit table, where that is allowed.
    pub(super) async fn prune_audit(&mut self, targets: &[Target]) -> Result<()> {
        let due = self.next_pruning()?.is_none_or(|at| at <= Utc::now());
        if !due || !targets.iter().any(|target| target.audit.is_some()) {
            return Ok(());
        }
        let mut state = self.state.source()?;
        state.pruned_at = Some(Utc::now());
        self.state.save_source(&state)?;
        match audit::prune(self.source()?).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                tracing::debug!("no privilege to prune pg2duck.audit: it grows until someone does");
                Ok(())
            }
            Err(error) if error.kind() == Kind::Table => {
                tracing::warn!("prune pg2duck.audit: {error}");
                self.source()?.execute("ROLLBACK").await
            }
            Err(error) => Err(error),
        }
    }

    /// The connection of this cycle.
    pub(super) fn source(&mut self) -> Result<&mut Connection> {
        self.source.as_mut().ok_or_else(|| Error::new(Kind::Source, "the connection to postgres is closed"))
    }

    /// Settles a described relation with its settings.
    pub(super) fn resolve(config: &Config, raw: RawRelation) -> Result<(Relation, Layout)> {
        let settings = config.tables.of(&raw.name);
        let relation = raw.resolve(&settings, &config.mask_salt)?;
        let layout = Layout {
            columns: relation.columns.clone(),
            key: relation.key.clone(),
            key_proven: relation.key_proven,
            mode: relation.mode,
            storage: relation.storage.clone(),
            left_out: relation.left_out.clone(),
        };
        Ok((relation, layout))
    }

    fn refusal(&mut self, target: &Target, earlier: &[Target]) -> Result<Option<Error>> {
        let name = target.name();
        if target.selected.forbidden {
            return Ok(Some(Error::table(format!(
                "no privilege to read {name}; run: GRANT USAGE ON SCHEMA {} TO your_role; GRANT SELECT ON {} TO your_role",
                crate::names::quote(&name.schema),
                name.quoted()
            ))));
        }
        if let Some(error) = self.mode_change(target)? {
            return Ok(Some(error));
        }
        let folded = target.lake.to_string().to_lowercase();
        let clash = earlier.iter().find(|other| other.lake.to_string().to_lowercase() == folded);
        if let Some(other) = clash {
            return Ok(Some(Error::table(format!(
                "lake table {} would hold both {} and {name}; make DUCKDB_TABLE tell them apart, as in {{schema}}_{{table}}",
                target.lake,
                other.name()
            ))));
        }
        Ok(self.failures.still_waiting(name))
    }

    /// A table's rows mean something else in another mode, so only `resync` changes it.
    fn mode_change(&mut self, target: &Target) -> Result<Option<Error>> {
        let name = target.name();
        let table = self.state.table(name)?;
        let asked_for = self.resync_due || table.copy_reason.as_deref() == Some(RESYNC);
        let changed = table.layout.map(|layout| layout.mode).filter(|mode| *mode != target.mode && !asked_for);
        Ok(changed.map(|mode| {
            Error::table(format!(
                "the lake holds {name} in mode {}, and {} is asked for now; to copy it afresh in the new mode, which \
                 drops what the old one kept, run: pg2duck resync {name}",
                mode.name(),
                target.mode.name()
            ))
        }))
    }

    /// A cursor is worth nothing on another cluster, database or timeline: everything is copied afresh there.
    fn check_identity(&mut self, found: Identity) -> Result<()> {
        let before = self.state.source()?;
        let mut source = before.clone();
        let differs =
            |known: &Option<String>, found: &Option<String>| matches!((known, found), (Some(a), Some(b)) if a != b);
        let reason = match &source.identity {
            Some(known) if differs(&known.system, &found.system) || known.database != found.database => {
                Some("the source is another database than before")
            }
            Some(known) if differs(&known.timeline, &found.timeline) => {
                Some("the source was restored or failed over (its timeline changed)")
            }
            _ => None,
        };
        if let Some(reason) = reason {
            tracing::warn!("{reason}: every table is copied afresh");
            for table in self.state.tables()? {
                self.copy_afresh(&table, reason)?;
            }
            source.horizon = Default::default();
        }
        let previous = source.identity.take();
        let keep = |found: Option<String>, known: Option<String>| found.or(known);
        source.identity = Some(match previous.filter(|_| reason.is_none()) {
            Some(known) => Identity {
                system: keep(found.system, known.system),
                timeline: keep(found.timeline, known.timeline),
                database: found.database,
            },
            None => found,
        });
        if source == before { Ok(()) } else { self.state.save_source(&source) }
    }

    /// `pg2duck resync` beside a running process.
    fn honour_requests(&mut self) -> Result<()> {
        for table in self.state.requests()? {
            tracing::info!(table = %table, "resync was asked for");
            self.failures.clear(&table);
            self.copy_afresh(&table, RESYNC)?;
            self.state.forget_request(&table)?;
        }
        Ok(())
    }

    /// Tables that are selected no more are forgotten; what the lake holds of them stays, and grows no fresher.
    fn forget_others(&mut self, targets: &[Target], report: &Report) -> Result<()> {
        for table in self.state.tables()? {
            if !report.failed.contains_key(&table) && !targets.iter().any(|target| *target.name() == table) {
                tracing::info!(table = %table, "no longer selected, or dropped: the lake keeps what it has");
                self.copy_afresh(&table, "it was not selected for a while")?;
                self.state.forget_table(&table)?;
            }
        }
        Ok(())
    }

    /// The next pass copies this table from the start.
    pub(super) fn copy_afresh(&mut self, table: &TableName, reason: &str) -> Result<()> {
        self.seen.remove(table);
        let garbage = self.state.reset_table(table, reason)?;
        cleanup::discard(&self.config, &garbage);
        Ok(())
    }
}
