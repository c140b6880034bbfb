//! One cycle: the five steps of the flow, in order. Only here are source, ledger and lake seen together.

use super::begin::{begin, connect, delivery, discover, record_holds, reset, sessions, skip, up_to_date};
use super::bootstrap::Bootstrap;
use super::deliver::Delivered;
use super::discover::Found;
use super::extract::{Digests, Extracted, Inputs, extract};
use super::finish::finish;
use super::outcome::{Failed, Report};
use super::plan::{self, Action, Facts, Now, TablePlan};
use super::{Request, Sync, cleanup, reconcile};
use crate::error::{Error, Kind, Result};
use crate::model::{Probe, TableName};
use crate::state::ledger::Durability;
use crate::state::records::BootstrapReason;
use chrono::Utc;
use std::collections::BTreeMap;
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
        return skip(sync, record, probe);
    }
    let id = begin(sync)?;
    let landed = land(sync)?;
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
    let failed: BTreeMap<TableName, Error> = failed.into_iter().collect();
    let others = failed.keys().filter(|name| !found.knows(name)).count();
    let mut applied: BTreeMap<TableName, u64> = BTreeMap::new();
    for (table, rows) in landed.into_iter().chain(delivered.applied.iter().cloned()) {
        *applied.entry(table).or_default() += rows;
    }
    let mut report = Report {
        applied,
        failed,
        tables: found.tables.len() + found.missing.len() + others,
        again: again || delivered.again,
        seconds: 0.0,
    };
    finish(sync, request, &found, &delivered, &report, probe).await?;
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// What an earlier cycle left for a lake that somebody held comes first: until then, a table is neither copied again nor followed under
/// another name. One that fails is read again in this cycle.
fn land(sync: &mut Sync) -> Result<Vec<(TableName, u64)>> {
    match delivery(sync).land() {
        Ok(delivered) => Ok(delivered.applied),
        Err(error) if error.kind() == Kind::LakeBusy => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What is known before the snapshot.
pub fn facts<'a>(sync: &'a Sync, found: &'a Found, probe: &Probe) -> Facts<'a> {
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
    Ok((discover(sync, &Request { resync: None, ..request.clone() }).await?, failed))
}

/// Reads what changed in all tables that the lake holds, or is about to.
async fn read_changes(sync: &mut Sync, id: &str, found: &Found, probe: &Probe) -> Result<Extracted> {
    let digests = lake_digests(sync, found, probe)?;
    let Sync { config, shutdown, ledger, source, memory, .. } = &mut *sync;
    let inputs = Inputs { id, config, ledger, memory, shutdown, digests: &digests };
    extract(inputs, sessions(source)?, found).await
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
        let held_as = known.lake.as_ref().unwrap_or(&table.lake);
        let ranges = tokio::task::block_in_place(|| lake.digests(held_as, schema, next_key, budget))?;
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
    let origin = sync.ledger.source.origin();
    for mut set in sets {
        set.origin.clone_from(&origin);
        set.succeeds.clone_from(&sync.ledger.source.succeeds);
        if let Some(known) = sync.ledger.table(&set.table) {
            set.former.clone_from(&known.former);
            set.drops_history = known.bootstrap_reason == Some(BootstrapReason::ResyncDroppingHistory);
        }
        has_work |= set.has_work();
        if set.is_whole() && !set.is_bootstrap() && !set.schema.mode.keeps_the_past() {
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
        tracing::warn!(table = %table, "{reason}: the table is bootstrapped again");
        reset(sync, &table, reason)?;
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
    // Also of tables that are to be forgotten once it has landed.
    let told = waiting.into_iter().filter(|name| request.only.is_none() || found.knows(name));
    let undelivered = told.map(|name| (name, error.clone()));
    Ok(Delivered { failed: undelivered.collect(), ..Delivered::default() })
}
