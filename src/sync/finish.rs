//! How a cycle ends: every table's outcome, old files, and the record that spares the next cycle.

use super::begin::sessions;
use super::cycle::facts;
use super::deliver::Delivered;
use super::discover::Found;
use super::outcome::Report;
use super::plan;
use super::{Request, Sync, cleanup, rewrite};
use crate::error::{Kind, Result};
use crate::lake::file::identity;
use crate::model::{Probe, TableName};
use crate::source::audit;
use crate::state::UpToDate;
use crate::state::ledger::Durability;
use chrono::Utc;

/// Records every table's outcome, clears old files away, and whether all tables are up to date.
pub async fn finish(
    sync: &mut Sync,
    request: &Request,
    found: &Found,
    delivered: &Delivered,
    report: &Report,
    probe: Probe,
) -> Result<()> {
    record_outcomes(sync, found, report);
    let applied: Vec<TableName> = delivered.applied.iter().map(|(name, _)| name.clone()).collect();
    // Retention may have been changed since the last process: then all tables are looked at once.
    let all = sync.ledger.up_to_date.as_ref().is_none_or(|record| record.settings != sync.config.fingerprint());
    cleanup::expire(&sync.config, &mut sync.ledger, (!all).then_some(applied.as_slice()))?;
    let written = delivered.applied.iter().map(|(_, rows)| rows).sum();
    rewrite::rewrite_if_grown(&sync.config, &mut sync.ledger, &sync.lake, &sync.shutdown, written);
    prune_audit(sync, found).await?;
    cleanup::record_folders(&sync.config, &mut sync.ledger, found.tables.iter().map(|table| table.name()));
    if sync.ledger.source.error.is_some() {
        sync.ledger.source_mut().error = None;
    }
    record_up_to_date(sync, request, found, report, probe);
    sync.ledger.commit(Durability::Process)
}

fn record_outcomes(sync: &mut Sync, found: &Found, report: &Report) {
    let now = Utc::now();
    for (name, error) in &report.failed {
        if error.kind() != Kind::LakeBusy {
            sync.memory.failures.record(name, error);
        }
        if sync.ledger.table(name).is_none_or(|known| known.error.as_deref() != Some(&error.to_string())) {
            sync.ledger.table_mut(name).error = Some(error.to_string());
        }
    }
    for table in &found.tables {
        let name = table.name();
        let holds_it = sync.ledger.table(name).is_some_and(|known| known.position.is_some());
        if holds_it && !report.failed.contains_key(name) {
            sync.memory.failures.clear(name);
            let known = sync.ledger.table_mut(name);
            known.last_sync_at = Some(now);
            known.error = None;
        }
    }
}

/// Once in a while removes what everybody has read of the audit table, where that is allowed.
async fn prune_audit(sync: &mut Sync, found: &Found) -> Result<()> {
    let now = Utc::now();
    let due = plan::is_due(plan::next_pruning(&sync.ledger, now), now);
    if !due || !found.tables.iter().any(|table| table.audit.is_some()) {
        return Ok(());
    }
    sync.ledger.source_mut().pruned_at = Some(now);
    let main = sessions(&mut sync.source)?.main()?;
    match audit::prune(main).await {
        Ok(true) => Ok(()),
        Ok(false) => {
            tracing::debug!("no privilege to prune pg2duck.audit: it grows until someone does");
            Ok(())
        }
        Err(error) if error.kind() == Kind::Table => {
            tracing::warn!("prune pg2duck.audit: {error}");
            main.execute("ROLLBACK").await
        }
        Err(error) => Err(error),
    }
}

/// Records that the cycle left nothing to do, if so.
///
/// `probe` was taken before the cycle searched for tables. Only where it has the same snapshot as the tables were
/// read under did nothing happen in between, to the catalog as little as to the rows.
fn record_up_to_date(sync: &mut Sync, request: &Request, found: &Found, report: &Report, probe: Probe) {
    let lake = identity(&sync.config.lake);
    if request.only.is_some() || probe.in_recovery || !report.is_complete() || sync.lake.seen() != Some(lake) {
        return;
    }
    let Some(until) = plan::up_to_date_until(&facts(sync, found, &probe), &probe.snapshot) else { return };
    sync.ledger.record_up_to_date(UpToDate {
        snapshot: probe.snapshot,
        as_of: probe.now,
        synced_at: Utc::now(),
        until,
        settings: sync.config.fingerprint(),
        tables: found.tables.len(),
        lake,
    });
}
