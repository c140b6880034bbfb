//! How a cycle begins: connect, see whether there is anything to do at all, give it an id, find its tables.

use super::bootstrap;
use super::deliver::Delivery;
use super::discover::{self, Found};
use super::outcome::{Failed, Report};
use super::plan;
use super::refresh::Refreshed;
use super::{Request, Sync, cleanup};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::lake::file::identity;
use crate::lake::rewrite::rewrite;
use crate::model::parts::remember;
use crate::model::{Identity, Probe, TableName};
use crate::source::{Sessions, catalog, snapshot};
use crate::state::UpToDate;
use crate::state::ledger::Durability;
use crate::state::records::BootstrapReason;
use crate::state::requests::{self, What};
use chrono::{NaiveDateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

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
pub async fn connect(sync: &mut Sync, request: &Request) -> Result<Probe> {
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

pub fn sessions(source: &mut Option<Sessions>) -> Result<&mut Sessions> {
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
        let before = sync.ledger.source.origin();
        let source = sync.ledger.source_mut();
        source.horizon = Default::default();
        source.succeeds.extend(before);
    }
    if sync.ledger.source.identity.as_ref() != Some(&compared.identity) {
        sync.ledger.source_mut().identity = Some(compared.identity);
        sync.ledger.commit(Durability::Process)?;
    }
    Ok(())
}

pub fn reset(sync: &mut Sync, name: &TableName, reason: BootstrapReason) -> Result<()> {
    bootstrap::reset(&mut sync.ledger, &sync.config, &mut sync.memory.seen, name, reason)
}

/// What an earlier cycle found up to date, if its settings are these and nothing is due by the clock.
pub fn up_to_date(sync: &Sync, request: &Request) -> Result<Option<UpToDate>> {
    let record = sync.ledger.still_up_to_date()?.filter(|_| request.only.is_none());
    Ok(record.filter(|record| is_current(record, &sync.config)).cloned())
}

/// Whether a record was made with these settings, and nothing is due by the clock.
pub fn is_current(record: &UpToDate, config: &Config) -> bool {
    let now = Utc::now();
    // A record that was made in the future was timed by a clock that was wrong.
    record.settings == config.fingerprint() && now < record.until && record.synced_at <= now
}

/// Whether nothing has happened in the source since. Equal snapshots of one primary see equal rows and an equal catalog; a
/// standby's do not list what runs.
pub fn record_holds(record: &UpToDate, probe: &Probe) -> bool {
    !probe.in_recovery && record.snapshot == probe.snapshot
}

/// The cycle that has nothing to do: all tables are as fresh as this moment.
pub fn skip(sync: &mut Sync, record: UpToDate, probe: Probe) -> Result<Report> {
    let mut report = Report { tables: record.tables, ..Report::default() };
    let record = UpToDate { as_of: probe.now, synced_at: Utc::now(), ..record };
    sync.ledger.record_up_to_date(record.clone());
    match delivery(sync).refresh_if_due(&Failed::new(), None)? {
        Refreshed::No => {}
        // The lake was written to, and so was the ledger.
        Refreshed::Yes => sync.ledger.record_up_to_date(UpToDate { lake: identity(&sync.config.lake), ..record }),
        Refreshed::ToBootstrap => report.again = true,
    }
    cleanup::expire(&sync.config, &mut sync.ledger, Some(&[]))?;
    sync.ledger.commit(Durability::Process)?;
    sync.lake.release_if_idle();
    Ok(report)
}

pub fn delivery(sync: &mut Sync) -> Delivery<'_> {
    let Sync { config, shutdown, ledger, lake, memory, .. } = sync;
    Delivery { config, ledger, memory, lake, shutdown }
}

/// Begins a cycle that has something to do: what an earlier one left is cleared away, and this one's files are known by its id.
pub fn begin(sync: &mut Sync) -> Result<String> {
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
pub async fn discover(sync: &mut Sync, request: &Request) -> Result<Found> {
    let sessions = sessions(&mut sync.source)?;
    sessions.configure().await?;
    let mut found = discover::discover(sessions.main()?, &sync.config).await?;
    remember_parts(sync, &found).await?;
    follow_renames(sync, &mut found)?;
    note_hidden(sync, &found);
    let Some(only) = &request.only else {
        process_requests(sync, &found)?;
        forget_others(sync, &found).await?;
        return Ok(found);
    };
    found.require(only, sync.config.selection.setting)?;
    if let Some(reason) = &request.resync {
        resync(sync, &found, only, reason)?;
    }
    // Tables that have other names now go together: some may have exchanged them.
    match sync.ledger.tables.values().any(|known| known.former.is_some()) {
        true => Ok(found),
        false => Ok(found.narrow(only)),
    }
}

/// Partitions of tables that hide columns are known by their numbers, should they be detached.
async fn remember_parts(sync: &mut Sync, found: &Found) -> Result<()> {
    let before = &sync.ledger.source.hidden_parts;
    let hiding = discover::hiding(found, before);
    if hiding.is_empty() {
        return Ok(());
    }
    let oids: Vec<u32> = hiding.iter().map(|table| table.root).collect();
    let names: BTreeSet<&str> = hiding.iter().flat_map(|table| &table.columns).map(String::as_str).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let parts = catalog::parts(sessions(&mut sync.source)?.main()?, &oids, &names).await?;
    let now = remember(before, &hiding, parts);
    if now != *before {
        sync.ledger.source_mut().hidden_parts = now;
        sync.ledger.commit(Durability::Process)?;
    }
    Ok(())
}

/// What was asked for by commands beside a running process.
fn process_requests(sync: &mut Sync, found: &Found) -> Result<()> {
    for asked in sync.ledger.requests()? {
        let (table, what) = &asked;
        if what.reason().is_some() && sync.ledger.must_land(table) {
            continue;
        }
        tracing::info!(table = %table, "{} was asked for", what.name());
        sync.memory.failures.clear(table);
        sync.ledger.forget_request(&asked);
        match what.reason() {
            Some(reason) => resync(sync, found, table, &reason)?,
            None => {
                let files = purge(sync, table)?;
                tracing::info!(table = %table, files, "removed the Parquet files that the lake has applied");
            }
        }
    }
    sync.ledger.commit(Durability::Process)
}

/// Removes the Parquet files of a table that the lake has applied, and from the lake's file what it holds in room that is not used any
/// more. Answers how many files.
pub fn purge(sync: &mut Sync, table: &TableName) -> Result<usize> {
    let files = cleanup::purge(&sync.config, &mut sync.ledger, table)?;
    match tokio::task::block_in_place(|| rewrite(&sync.config.lake_settings())) {
        Ok(()) => sync.lake.see(&sync.config),
        Err(error) => tracing::warn!("{error}: unused room of the file may still hold what was removed"),
    }
    Ok(files)
}

/// Has a table bootstrapped again, unless that would drop what nobody said may be dropped: the plan refuses it then, and the lake goes
/// on as it is once the mode is what it was.
fn resync(sync: &mut Sync, found: &Found, name: &TableName, reason: &BootstrapReason) -> Result<()> {
    let table = found.tables.iter().find(|table| table.name() == name);
    if sync.ledger.must_land(name) {
        tracing::info!(table = %name, "it is bootstrapped once the lake has taken in what waits");
        return requests::leave(&sync.config.state_dir, name, What::from(reason));
    }
    match table {
        Some(table) if plan::mode_change(sync.ledger.table(name), table, Some(reason)).is_none() => {
            reset(sync, name, reason.clone())
        }
        _ => Ok(()),
    }
}

/// A table that the source renamed is the same table.
fn follow_renames(sync: &mut Sync, found: &mut Found) -> Result<()> {
    let renamed = discover::renamed(&sync.ledger, found);
    // Together or not at all: some may have exchanged their names.
    if renamed.iter().any(|(from, _)| sync.ledger.must_land(from)) {
        found.put_off(&renamed);
        return Ok(());
    }
    for (from, to) in &renamed {
        tracing::info!(table = %to, "was {from}: the lake follows");
        sync.memory.seen.remove(from);
        sync.memory.failures.clear(from);
    }
    let garbage = sync.ledger.rename(&renamed)?;
    sync.ledger.commit(Durability::Process)?;
    cleanup::discard(&sync.config, &garbage);
    Ok(())
}

/// Notes which columns settings hide, even if the lake takes it in much later: under another name they are not shown unasked.
fn note_hidden(sync: &mut Sync, found: &Found) {
    for table in &found.tables {
        let (Some(known), Ok(relation)) = (sync.ledger.table(table.name()), &table.relation) else { continue };
        let hidden = relation.schema.hidden();
        let is_news = known.hidden.as_ref() != Some(&hidden) && !(known.hidden.is_none() && hidden.is_empty());
        if is_news && plan::exposed::exposed(&sync.ledger, table, relation).is_ok() {
            sync.ledger.table_mut(table.name()).hidden = Some(hidden);
        }
    }
}

/// Tables that are selected no more, or that the source dropped, are forgotten; what the lake holds of them stays, grows no fresher, and
/// says so.
async fn forget_others(sync: &mut Sync, found: &Found) -> Result<()> {
    let lands = |table: &TableName| !sync.ledger.must_land(table);
    let forgotten: Vec<TableName> = discover::forgotten(&sync.ledger, found).into_iter().filter(lands).collect();
    if forgotten.is_empty() {
        return Ok(());
    }
    let there = catalog::there(sessions(&mut sync.source)?.main()?, &forgotten).await?;
    for table in forgotten {
        let why = if there.contains(&table) { "is selected no more" } else { "was dropped in the source, or renamed" };
        let why = format!("{table} {why}: the lake keeps what it had of it");
        tracing::info!(table = %table, "{why}");
        sync.memory.seen.remove(&table);
        sync.memory.failures.forget(&table);
        let garbage = sync.ledger.forget(&table)?;
        sync.ledger.source_mut().gone.push((table, why));
        sync.ledger.commit(Durability::Process)?;
        cleanup::discard(&sync.config, &garbage);
    }
    Ok(())
}
