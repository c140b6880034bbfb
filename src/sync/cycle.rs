//! One cycle: the five steps of the flow, in order. Only here are source, ledger and lake seen together.

use super::bootstrap::{self, Bootstrap};
use super::deliver::{Delivered, Delivery, Refreshed};
use super::discover::{self, Found};
use super::extract::{Digests, Extracted, extract};
use super::outcome::{Failed, Report};
use super::plan::{self, Action, Facts, Now, TablePlan};
use super::{Request, Sync, cleanup, reconcile, rewrite};
use crate::error::{Error, Kind, Result};
use crate::lake::file::identity;
use crate::model::{Identity, Probe, TableName};
use crate::source::{Sessions, audit, snapshot};
use crate::state::UpToDate;
use crate::state::ledger::Durability;
use crate::state::records::BootstrapReason;
use chrono::{NaiveDateTime, TimeDelta, Utc};
use std::time::Instant;

/// Runs one cycle.
///
/// # Errors
/// What concerns all tables; what concerns one is in the report.
pub async fn cycle(sync: &mut Sync, request: &Request) -> Result<Report> {
    let started = Instant::now();

    // Before: do lake and ledger agree, and has anything happened at all?
    reconcile::notice_another_file(&sync.config, &mut sync.ledger, &mut sync.memory.seen, &sync.lake)?;
    let probe = connect(sync, request).await?;
    if let Some(record) = up_to_date(sync, request)?.filter(|record| record_holds(record, &probe)) {
        return rest(sync, record, probe);
    }
    let id = begin(sync)?;
    let found = discover(sync, request).await?;
    let plans = plan::plan(&facts(sync, &found, &probe));

    // Steps 1 to 3: Postgres → frames → durable Parquet. First whole tables, then what changed, one snapshot for all.
    let (found, not_copied) = bootstrap(sync, request, &id, found, &plans).await?;
    let extracted = read_changes(sync, &id, &found, &probe).await?;
    let Recorded { mut failed, again } = record(sync, extracted)?;
    failed.extend(not_copied);
    failed.extend(found.missing.iter().cloned());

    // Steps 4 and 5: Parquet → lake in one transaction, then the positions move.
    let delivered = deliver(sync, request, &found, &mut failed)?;
    failed.extend(delivered.failed.iter().cloned());

    // After: what `status` shows, old files, and what spares the next cycle.
    let mut report = Report {
        applied: delivered.applied.iter().cloned().collect(),
        failed: failed.into_iter().collect(),
        tables: found.tables.len() + found.missing.len(),
        again: again || delivered.to_bootstrap,
        seconds: 0.0,
    };
    finish(sync, request, &found, &delivered, &report, probe).await?;
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Cycle ids sort in time: `20261121T044355123456Z`.
const CYCLE_ID: &str = "%Y%m%dT%H%M%S%6fZ";

/// An id greater than every one before, even if the clock went backwards.
fn next_id(last: &str) -> String {
    let now = Utc::now().naive_utc();
    let after_last = NaiveDateTime::parse_from_str(last, CYCLE_ID)
        .ok()
        .and_then(|last| last.checked_add_signed(TimeDelta::microseconds(1)));
    after_last.map_or(now, |least| now.max(least)).format(CYCLE_ID).to_string()
}

/// Connects if need be, and looks what the source's clock and snapshot are.
async fn connect(sync: &mut Sync, request: &Request) -> Result<Probe> {
    if sync.source.is_none() {
        let mut sessions = Sessions::connect(sync.config.session()).await?;
        // What may suffice to see that nothing happened needs no session of our own.
        if up_to_date(sync, request)?.is_none() {
            sessions.configure().await?;
        }
        let identity = snapshot::identify(sessions.main()?).await?;
        sync.source = Some(sessions);
        take_identity(sync, identity)?;
    }
    sessions(&mut sync.source)?.probe().await
}

fn sessions(source: &mut Option<Sessions>) -> Result<&mut Sessions> {
    source.as_mut().ok_or_else(|| Error::new(Kind::Source, "the connection to postgres is closed"))
}

/// Every cursor is worth nothing on another cluster, database or timeline.
fn take_identity(sync: &mut Sync, found: Identity) -> Result<()> {
    let compared = discover::compare_identity(sync.ledger.source.identity.as_ref(), found);
    if let Some(reason) = compared.reason {
        tracing::warn!("{reason}: every table is bootstrapped again");
        let names: Vec<TableName> = sync.ledger.tables.keys().cloned().collect();
        for name in names {
            reset(sync, &name, BootstrapReason::Because(reason.into()))?;
        }
        sync.ledger.source_mut().horizon = Default::default();
    }
    if sync.ledger.source.identity.as_ref() != Some(&compared.identity) {
        sync.ledger.source_mut().identity = Some(compared.identity);
        sync.ledger.commit(Durability::Process)?;
    }
    Ok(())
}

fn reset(sync: &mut Sync, name: &TableName, reason: BootstrapReason) -> Result<()> {
    bootstrap::reset(&mut sync.ledger, &sync.config, &mut sync.memory.seen, name, reason)
}

/// What an earlier cycle found up to date, if its settings are these and nothing is due by the clock.
fn up_to_date(sync: &Sync, request: &Request) -> Result<Option<UpToDate>> {
    let now = Utc::now();
    let record = sync.ledger.still_up_to_date()?.filter(|_| request.only.is_none());
    let holds = record.filter(|record| {
        // A record that was made in the future was timed by a clock that was wrong.
        record.settings == sync.config.fingerprint() && now < record.until && record.synced_at <= now
    });
    Ok(holds.cloned())
}

/// Whether nothing has happened in the source since. Equal snapshots of one primary see equal rows and an equal catalog; a
/// standby's do not list what runs.
fn record_holds(record: &UpToDate, probe: &Probe) -> bool {
    !probe.in_recovery && record.snapshot == probe.snapshot
}

/// The cycle that has nothing to do: all tables are as fresh as this moment.
fn rest(sync: &mut Sync, record: UpToDate, probe: Probe) -> Result<Report> {
    let mut report = Report { tables: record.tables, ..Report::default() };
    let record = UpToDate { as_of: probe.now, synced_at: Utc::now(), ..record };
    sync.ledger.record_up_to_date(record.clone());
    match delivery(sync).refresh_if_due(&Failed::new())? {
        Refreshed::No => {}
        // The lake was written to, and so was the ledger.
        Refreshed::Yes => sync.ledger.record_up_to_date(UpToDate { lake: identity(&sync.config.lake), ..record }),
        Refreshed::ToBootstrap => report.again = true,
    }
    cleanup::expire(&sync.config, &mut sync.ledger, Some(&[]))?;
    sync.ledger.commit(Durability::Process)?;
    sync.lake.rest();
    Ok(report)
}

fn delivery(sync: &mut Sync) -> Delivery<'_> {
    let Sync { config, shutdown, ledger, lake, memory, .. } = sync;
    Delivery { config, ledger, memory, lake, shutdown }
}

/// Begins a cycle that has something to do: what an earlier one left is cleared away, and this one's files are known by its id.
fn begin(sync: &mut Sync) -> Result<String> {
    if !sync.memory.tidy {
        cleanup::recover(&sync.config, &mut sync.ledger)?;
        sync.memory.tidy = true;
    }
    let id = next_id(&sync.ledger.source.last_cycle);
    sync.ledger.source_mut().last_cycle.clone_from(&id);
    sync.ledger.commit(Durability::Process)?;
    Ok(id)
}

/// Finds the tables of this cycle; processes what users asked for them, and forgets those that are selected no more.
async fn discover(sync: &mut Sync, request: &Request) -> Result<Found> {
    let sessions = sessions(&mut sync.source)?;
    sessions.configure().await?;
    let found = discover::discover(sessions.main()?, &sync.config).await?;
    let Some(only) = &request.only else {
        process_resync_requests(sync)?;
        forget_others(sync, &found)?;
        return Ok(found);
    };
    let found = found.narrow(only, sync.config.selection.setting)?;
    if request.resync && !found.tables.is_empty() {
        reset(sync, only, BootstrapReason::Resync)?;
    }
    Ok(found)
}

/// `pg2duck resync` beside a running process.
fn process_resync_requests(sync: &mut Sync) -> Result<()> {
    for table in sync.ledger.requests()? {
        tracing::info!(table = %table, "resync was asked for");
        sync.memory.failures.clear(&table);
        sync.ledger.forget_request(&table);
        reset(sync, &table, BootstrapReason::Resync)?;
    }
    Ok(())
}

/// Tables that are selected no more are forgotten; what the lake holds of them stays, and grows no fresher.
fn forget_others(sync: &mut Sync, found: &Found) -> Result<()> {
    for table in discover::forgotten(&sync.ledger, found) {
        tracing::info!(table = %table, "no longer selected, or dropped: the lake keeps what it has");
        sync.memory.seen.remove(&table);
        let garbage = sync.ledger.forget(&table)?;
        sync.ledger.commit(Durability::Process)?;
        cleanup::discard(&sync.config, &garbage);
    }
    Ok(())
}

/// What is known before the snapshot.
fn facts<'a>(sync: &'a Sync, found: &'a Found, probe: &Probe) -> Facts<'a> {
    Facts {
        config: &sync.config,
        ledger: &sync.ledger,
        tables: &found.tables,
        source: Now::from(probe),
        recorded: None,
        retrying: sync.memory.failures.retrying(),
        full_scan_tried: &sync.memory.full_scan_tried,
        now: Utc::now(),
    }
}

/// Bootstraps what is planned to be; since that takes a while, the tables are looked at again afterwards.
async fn bootstrap(
    sync: &mut Sync,
    request: &Request,
    id: &str,
    found: Found,
    plans: &[TablePlan],
) -> Result<(Found, Failed)> {
    if !plans.iter().any(|plan| matches!(plan.action, Action::Bootstrap(_))) {
        return Ok((found, Failed::new()));
    }
    let Sync { config, shutdown, ledger, lake, source, memory } = &mut *sync;
    let sessions = sessions(source)?;
    let mut bootstrap = Bootstrap { cycle: id, config, ledger, sessions, seen: &mut memory.seen, shutdown };
    let failed = bootstrap.run(&found.tables, plans, lake).await?;
    Ok((discover(sync, &Request { resync: false, ..request.clone() }).await?, failed))
}

/// Reads what changed in all tables that the lake holds, or is about to.
async fn read_changes(sync: &mut Sync, id: &str, found: &Found, probe: &Probe) -> Result<Extracted> {
    let digests = lake_digests(sync, found, probe)?;
    let Sync { config, shutdown, ledger, source, memory, .. } = &mut *sync;
    extract(id, config, ledger, memory, shutdown, sessions(source)?, found, &digests).await
}

/// Reads the lake's keys for the tables whose comparison is due or under way. A lake that is held is no reason to wait.
///
/// Cycles that wait for the lake do not matter: what is compared is what the lake holds, against the source's present.
fn lake_digests(sync: &Sync, found: &Found, probe: &Probe) -> Result<Digests> {
    let facts = facts(sync, found, probe);
    let due: Vec<_> = found.tables.iter().filter(|table| plan::comparison_is_due(&facts, table)).collect();
    if due.is_empty() {
        return Ok(Digests::new());
    }
    let lake = match sync.lake.open_to_look(&sync.config) {
        Ok(lake) => lake,
        Err(error) if error.kind() == Kind::LakeBusy => return Ok(Digests::new()),
        Err(error) => return Err(error),
    };
    let budget = sync.config.diff_rows_per_second.saturating_mul(sync.config.interval.as_secs().max(1));
    let mut digests = Digests::new();
    for table in due {
        let Some(known) = sync.ledger.table(table.name()) else { continue };
        let Some(schema) = &known.schema else { continue };
        let next_key = known.comparison.as_ref().and_then(|comparison| comparison.next_key.as_deref());
        let ranges = tokio::task::block_in_place(|| lake.digests(&table.lake, schema, next_key, budget))?;
        digests.insert(table.name().clone(), ranges);
    }
    Ok(digests)
}

/// What came of extracting, once it is recorded.
struct Recorded {
    failed: Failed,
    /// A table must be bootstrapped, which takes another pass.
    again: bool,
}

/// Records what was extracted, so that it survives a crash. Only then does it count what was seen.
fn record(sync: &mut Sync, extracted: Extracted) -> Result<Recorded> {
    let Extracted { sets, failed, altered, to_bootstrap, horizon, held_back, seen, scans } = extracted;
    let source = sync.ledger.source_mut();
    source.horizon = horizon;
    source.held_back = held_back;
    let mut superseded = Vec::new();
    let mut has_work = false;
    for set in sets {
        has_work |= set.has_work();
        if set.is_whole() && !set.is_bootstrap() {
            // Whatever still waits of it is superseded.
            superseded.extend(sync.ledger.drop_waiting(&set.table)?);
        }
        sync.ledger.enqueue(set);
    }
    // Lost to a power failure after the lake had applied them, they would cost a bootstrap.
    sync.ledger.commit(if has_work { Durability::Power } else { Durability::Process })?;
    cleanup::discard(&sync.config, &superseded);
    sync.memory.seen.extend(seen);
    for (table, tried) in scans {
        match tried {
            Some(at) => sync.memory.full_scan_tried.insert(table, at),
            None => sync.memory.full_scan_tried.remove(&table),
        };
    }
    for table in &altered {
        tracing::info!(table = %table, "rewritten or altered while it was read: looking again");
    }
    let again = !to_bootstrap.is_empty() || !altered.is_empty();
    for (table, reason) in to_bootstrap {
        if sync.ledger.table(&table).is_some_and(|known| known.position.is_some()) {
            tracing::warn!(table = %table, "{reason}: the table is bootstrapped again");
            reset(sync, &table, reason)?;
        }
    }
    Ok(Recorded { failed, again })
}

/// Applies what waits. A lake that another process holds makes every table that waits for it fail for now.
fn deliver(sync: &mut Sync, request: &Request, found: &Found, failed: &mut Failed) -> Result<Delivered> {
    let error = match delivery(sync).run(request.patience, failed) {
        Ok(delivered) => return Ok(delivered),
        Err(error) => error,
    };
    sync.lake.warn(&error);
    let waiting: Vec<TableName> = sync.ledger.waiting_for_lake().cloned().collect();
    for table in found.tables.iter().map(|table| table.name()).filter(|name| waiting.contains(name)) {
        if !failed.iter().any(|(name, _)| name == table) {
            sync.ledger.table_mut(table).error = Some(error.to_string());
        }
    }
    sync.ledger.commit(Durability::Process)?;
    if error.kind() != Kind::LakeBusy {
        return Err(error);
    }
    let undelivered = waiting.into_iter().filter(|name| found.knows(name)).map(|name| (name, error.clone()));
    Ok(Delivered { failed: undelivered.collect(), ..Delivered::default() })
}

/// Records every table's outcome, clears old files away, and whether all tables are up to date.
async fn finish(
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
    let due = plan::next_pruning(&sync.ledger).is_none_or(|at| at <= Utc::now());
    if !due || !found.tables.iter().any(|table| table.audit.is_some()) {
        return Ok(());
    }
    sync.ledger.source_mut().pruned_at = Some(Utc::now());
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
