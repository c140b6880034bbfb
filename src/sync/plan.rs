//! What the next cycle does with each table, and why: a pure function of what is known. No I/O, no clock of its own.
//!
//! A cycle plans twice: before it bootstraps, and again under its snapshot, when it is known what triggers have recorded.

use super::outcome::Retrying;
use super::table::TableToSync;
use crate::config::{Config, Deletes};
use crate::error::{Error, Result};
use crate::model::drift::{self, Drift};
use crate::model::{
    Audit, AuditSummary, Cursor, DeletesBy, Position, Probe, SchemaChange, Since, TableName, TableSchema, audit, xid,
};
use crate::source::Relation;
use crate::state::records::BootstrapReason;
use crate::state::{Contents, TableState};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::time::Duration;

/// Everything that decides.
pub struct Facts<'a> {
    pub config: &'a Config,
    pub ledger: &'a Contents,
    pub tables: &'a [TableToSync],
    /// The source as it was last looked at.
    pub source: Now,
    /// What triggers have recorded, by the table's oid; `None` while that is not known.
    pub recorded: Option<&'a HashMap<u32, AuditSummary>>,
    /// Tables that failed and are not to be tried yet.
    pub retrying: HashMap<TableName, Retrying>,
    /// Full scans that did not succeed, and when they were tried.
    pub full_scan_tried: &'a HashMap<TableName, DateTime<Utc>>,
    pub now: DateTime<Utc>,
}

/// What a snapshot tells of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    pub xmin: u64,
    pub xmax: u64,
    /// The source's clock.
    pub clock: String,
}

impl From<&Probe> for Now {
    fn from(probe: &Probe) -> Self {
        // `xmin:xmax:xip,…`; what Postgres never prints compares with nothing.
        let mut parts = probe.snapshot.split(':').map(|part| part.parse().unwrap_or(u64::MAX));
        let (xmin, xmax) = (parts.next().unwrap_or(u64::MAX), parts.next().unwrap_or(u64::MAX));
        Self { xmin, xmax, clock: probe.now.clone() }
    }
}

/// One table's part of the next cycle.
#[derive(Debug, Clone)]
pub struct TablePlan {
    pub table: TableName,
    pub lake: TableName,
    pub action: Action,
    /// The reason, in words.
    pub why: String,
    /// Heap pages by the last VACUUM or ANALYZE; 0 where neither ever ran.
    pub pages: u64,
}

/// What is done with a table.
#[derive(Debug, Clone)]
pub enum Action {
    /// It cannot be synced as things are.
    Refuse(Error),
    /// It failed, and is tried again later.
    Wait(Error),
    /// All rows are copied; from where an earlier start left off, unless there is a reason to begin again.
    Bootstrap(Option<BootstrapReason>),
    /// What changed since the position.
    Poll(Box<Poll>),
    /// All rows, as at every cycle.
    ReadInFull,
}

/// How a table is polled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    pub position: Position,
    /// The position is that of a bootstrap that was just completed.
    pub bootstrapped: bool,
    /// How the lake table changes first.
    pub schema_change: SchemaChange,
    /// Every version that triggers recorded is read.
    pub versions: bool,
    /// Keys that triggers recorded as deleted are read.
    pub deletes: bool,
    /// Rows that were written are read: by the cursor, or all of the table by `xmin`.
    pub rows: Option<Rows>,
    /// Keys are compared with the lake's.
    pub compare: bool,
}

/// How written rows are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// By the cursor since the fence.
    Cursor,
    /// By `xmin` alone since the last full scan.
    FullScan,
}

/// Plans every table.
pub fn plan(facts: &Facts<'_>) -> Vec<TablePlan> {
    let mut plans: Vec<TablePlan> = Vec::with_capacity(facts.tables.len());
    let mut names: HashMap<TableName, &TableName> = HashMap::new();
    for table in facts.tables {
        let holder = *names.entry(table.lake.folded()).or_insert(table.name());
        let (action, why) = match refusal(facts, table, holder) {
            Some(refused) => refused,
            None => decide(facts, table).unwrap_or_else(refuse),
        };
        let pages = table.relation.as_ref().map_or(0, |relation| relation.pages);
        plans.push(TablePlan { table: table.name().clone(), lake: table.lake.clone(), action, why, pages });
    }
    plans
}

fn refuse(error: Error) -> (Action, String) {
    let why = error.to_string();
    (Action::Refuse(error), why)
}

/// Why a table is not even looked at, if so. `holder` is the first table that goes by the same name in the lake.
fn refusal(facts: &Facts<'_>, table: &TableToSync, holder: &TableName) -> Option<(Action, String)> {
    let name = table.name();
    if table.selected.forbidden {
        return Some(refuse(Error::table(format!(
            "no privilege to read {name}; run: GRANT USAGE ON SCHEMA {} TO your_role; GRANT SELECT ON {} TO your_role",
            crate::model::sql::quote(&name.schema),
            name.quoted()
        ))));
    }
    if let Some(error) = mode_change(facts.ledger.table(name), table) {
        return Some(refuse(error));
    }
    if holder != name {
        return Some(refuse(Error::table(format!(
            "lake table {} would hold both {holder} and {name}; make DUCKDB_TABLE tell them apart, as in {{schema}}_{{table}}",
            table.lake,
        ))));
    }
    facts.retrying.get(name).map(|retrying| {
        let within = retrying.within.as_secs().max(1);
        let error = Error::table(format!("{} (next try within {within} s)", retrying.message));
        let why = error.to_string();
        (Action::Wait(error), why)
    })
}

/// A table's rows mean something else in another mode, so only `resync` changes it.
fn mode_change(known: Option<&TableState>, table: &TableToSync) -> Option<Error> {
    let known = known.filter(|known| known.bootstrap_reason != Some(BootstrapReason::Resync))?;
    let mode = known.schema.as_ref()?.mode;
    (mode != table.mode).then(|| {
        let name = table.name();
        Error::table(format!(
            "the lake holds {name} in mode {}, and {} is asked for now; to bootstrap it in the new mode, which \
             drops what the old one kept, run: pg2duck resync {name}",
            mode.name(),
            table.mode.name()
        ))
    })
}

fn decide(facts: &Facts<'_>, table: &TableToSync) -> Result<(Action, String)> {
    let relation = table.relation.as_ref().map_err(Clone::clone)?;
    if table.is_read_in_full() {
        let why = match table.mode.reads_in_full() {
            true => format!("mode {} reads all rows at every cycle", table.mode.name()),
            false => "its rows do not tell when they were written: all are read at every cycle".into(),
        };
        return Ok((Action::ReadInFull, why));
    }
    missing_triggers(facts.config, table)?;
    let Some(standing) = standing(facts.ledger, table.name()) else {
        return Ok(first_bootstrap(facts.ledger.table(table.name())));
    };
    if let Some(reason) = reason_to_bootstrap(facts, table, &standing) {
        return Ok(again(reason));
    }
    match drift::compare(table.name(), standing.schema, &relation.schema)? {
        Drift::Bootstrap(reason) => Ok(again(reason)),
        Drift::Continue(schema_change) => Ok(poll(facts, table, relation, standing, schema_change)),
    }
}

fn again(reason: String) -> (Action, String) {
    let why = reason.clone();
    (Action::Bootstrap(Some(BootstrapReason::Because(reason))), why)
}

fn first_bootstrap(known: Option<&TableState>) -> (Action, String) {
    let why = match known {
        Some(TableState { bootstrap: Some(progress), .. }) => format!("goes on after {} rows", progress.rows),
        Some(TableState { bootstrap_reason: Some(reason), .. }) => reason.to_string(),
        _ => "the lake does not hold it yet".into(),
    };
    (Action::Bootstrap(None), why)
}

/// A setting that asks for more than the source's triggers give is an error.
fn missing_triggers(config: &Config, table: &TableToSync) -> Result<()> {
    let name = table.name();
    if table.deletes == Deletes::Audit && table.audit.is_none() {
        return Err(Error::table(format!(
            "no triggers record the deletes of {name}, or the role may not read pg2duck.audit; install them with: pg2duck \
             setup --tables {name}; or set {}=off",
            name.variable("DELETES")
        )));
    }
    if config.audit == Some(Audit::Full) && table.keeps_versions() && !table.records_every_version() {
        return Err(Error::table(format!(
            "AUDIT=full asks for every version of {name}, which its triggers do not record; install them with: pg2duck setup \
             --audit full --tables {name}; or unset AUDIT to keep the versions that polls see"
        )));
    }
    Ok(())
}

/// From where a table is read on.
struct Standing<'a> {
    position: Position,
    schema: &'a TableSchema,
    lake: Option<&'a TableName>,
    bootstrapped: bool,
}

/// Where a table stands: at its newest change set that waits for the lake, at what the lake holds, or at its completed bootstrap.
fn standing<'a>(ledger: &'a Contents, name: &TableName) -> Option<Standing<'a>> {
    let table = ledger.table(name);
    if let Some(waiting) = ledger.waiting.get(name) {
        let newest = &waiting.newest;
        let before = table.and_then(|table| table.position.as_ref()).and_then(|position| position.full_scan.clone());
        let full_scan = newest.position.full_scan.clone().or(before);
        let position = Position { full_scan, ..newest.position.clone() };
        return Some(Standing { position, schema: &newest.schema, lake: Some(&newest.lake), bootstrapped: false });
    }
    let table = table?;
    if let (Some(position), Some(schema)) = (table.position.clone(), &table.schema) {
        return Some(Standing { position, schema, lake: table.lake.as_ref(), bootstrapped: false });
    }
    let progress = table.bootstrap.as_ref().filter(|progress| progress.next_page.is_none())?;
    let position = progress.position.clone();
    Some(Standing { position, schema: &progress.schema, lake: None, bootstrapped: true })
}

/// Up to where recorded changes of these tables were read, by oid: of those whose triggers record any and that the lake holds.
pub fn audited_since(ledger: &Contents, tables: &[TableToSync]) -> Vec<(u32, Since)> {
    let audited = tables.iter().filter(|table| table.audit.is_some());
    audited.filter_map(|table| Some((table.selected.oid, standing(ledger, table.name())?.position.since()))).collect()
}

/// Why what changed since cannot be told, if so: only a bootstrap is exact then.
fn reason_to_bootstrap(facts: &Facts<'_>, table: &TableToSync, standing: &Standing<'_>) -> Option<String> {
    if standing.lake.is_some_and(|lake| *lake != table.lake) {
        return Some("its name in the lake changed".into());
    }
    let fence = &standing.position.fence;
    if facts.source.xmin < fence.xmin {
        return Some("the source is older than the cursor (restored from a backup?)".into());
    }
    if !xid::is_comparable(fence.xmin, facts.source.xmax) {
        return Some("the cursor is more than 2^32 transactions behind".into());
    }
    unknown_deletes(facts, table, &standing.position)
}

/// Why deletes since the position are not all known, if so.
fn unknown_deletes(facts: &Facts<'_>, table: &TableToSync, position: &Position) -> Option<String> {
    match (&position.audit, &table.fingerprint()) {
        (_, None) => None,
        (None, Some(_)) => Some("its deletes are recorded from now on".into()),
        (Some(before), Some(now)) if before != now => Some("the triggers that record its deletes were changed".into()),
        _ if days_between(&position.as_of, &facts.source.clock) >= audit::RETENTION_DAYS - 1 => {
            Some("recorded deletes may have been pruned since it was last read".into())
        }
        _ => recorded(facts, table)
            .unknown
            .then(|| "the source truncated it, or could not record which keys were deleted".into()),
    }
}

fn recorded(facts: &Facts<'_>, table: &TableToSync) -> AuditSummary {
    facts.recorded.and_then(|recorded| recorded.get(&table.selected.oid)).copied().unwrap_or_default()
}

/// Whole days between two instants as the source prints them; 0 for what it never prints.
fn days_between(before: &str, now: &str) -> i64 {
    let parse = |text| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok();
    parse(now).zip(parse(before)).map_or(0, |(now, before)| (now - before).num_days())
}

fn poll(
    facts: &Facts<'_>,
    table: &TableToSync,
    relation: &Relation,
    standing: Standing<'_>,
    schema_change: SchemaChange,
) -> (Action, String) {
    let Standing { position, schema, bootstrapped, .. } = standing;
    let summary = recorded(facts, table);
    // A bootstrap read its rows under many snapshots, some of which saw versions that the first did not.
    let versions = table.records_every_version() && !bootstrapped;
    // Where versions may have been recorded in another order than they were written, the rows have the last word.
    let polls = !versions || summary.nested;
    let scan = full_scan(facts, relation, &position, bootstrapped, versions);
    let compare = comparison_is_due(facts, table) && *schema == relation.schema;
    let rows = match (&scan, polls) {
        (Some(_), _) => Some(Rows::FullScan),
        (None, true) => Some(Rows::Cursor),
        (None, false) => None,
    };
    let mut why = match (&scan, bootstrapped) {
        (_, true) => "what changed while it was bootstrapped".to_owned(),
        (Some(why), _) => format!("full scan by xmin: {why}"),
        (None, _) if versions => format!("versions recorded since {}", position.as_of),
        (None, _) => format!("by {} since {}", relation.cursor.name(), position.as_of),
    };
    if compare {
        why.push_str("; keys are compared, to find deleted rows");
    }
    if !schema_change.is_empty() {
        why.push_str("; the lake table takes in new or wider columns");
    }
    let poll = Poll {
        position,
        bootstrapped,
        schema_change,
        versions: versions && summary.anything,
        deletes: polls && summary.deletes && table.audit.is_some(),
        rows,
        compare,
    };
    (Action::Poll(Box::new(poll)), why)
}

/// Heap pages of a table that is scanned at every cycle: that costs no more than descending its index.
pub const SMALL_PAGES: u64 = 8;

/// Why the table is read by `xmin` alone, if so. Without a cursor column every poll does that already, and a bootstrap has just read
/// everything. Where triggers record every version there is no need to poll, so only time makes a scan due.
fn full_scan(
    facts: &Facts<'_>,
    relation: &Relation,
    position: &Position,
    bootstrapped: bool,
    versions: bool,
) -> Option<String> {
    let interval = facts.config.sweep_interval;
    let last = position.full_scan.as_ref()?;
    let tried = facts.full_scan_tried.get(&relation.name);
    let by_cursor = matches!(relation.cursor, Cursor::Column { .. });
    if bootstrapped || !(versions || by_cursor) || tried.is_some_and(|at| !is_due(*at, interval, facts.now)) {
        return None;
    }
    if !versions && (1..=SMALL_PAGES).contains(&relation.pages) {
        return Some("it is small".into());
    }
    is_due(last.at, interval, facts.now).then(|| format!("the last one began {}", last.at.format("%Y-%m-%d %H:%M:%SZ")))
}

/// Whether the table's keys are to be compared with the lake's now.
pub fn comparison_is_due(facts: &Facts<'_>, table: &TableToSync) -> bool {
    let Some(known) = facts.ledger.table(table.name()) else { return false };
    table.deletes_by() == DeletesBy::Comparison
        && known.position.is_some()
        && !facts.ledger.waiting.contains_key(table.name())
        && next_comparison(facts.config, known).is_none_or(|at| at <= facts.now || began_later(known, facts.now))
}

/// A comparison that began in the future was timed by a clock that was wrong.
fn began_later(known: &TableState, now: DateTime<Utc>) -> bool {
    known.comparison.as_ref().is_some_and(|comparison| comparison.begun > now)
}

/// When keys are to be compared; `None` for now.
fn next_comparison(config: &Config, known: &TableState) -> Option<DateTime<Utc>> {
    let done = known.comparison.as_ref().filter(|comparison| comparison.next_key.is_none())?;
    later(done.begun, config.diff_interval)
}

/// Whether so much time has passed since then. An instant in the future was read from a clock that was wrong.
fn is_due(at: DateTime<Utc>, interval: Duration, now: DateTime<Utc>) -> bool {
    at > now || later(at, interval).is_some_and(|due| due <= now)
}

/// So long after; `None` for what no clock shows.
pub fn later(at: DateTime<Utc>, wait: Duration) -> Option<DateTime<Utc>> {
    at.checked_add_signed(TimeDelta::from_std(wait).ok()?)
}

/// Once in so long everything is looked at, whatever is up to date.
const LONGEST_REST: Duration = Duration::from_secs(24 * 3600);

/// Until when nothing of these tables is due by the clock, if all of them stand at this snapshot; `None` where some table is to be
/// looked at in any case.
pub fn up_to_date_until(facts: &Facts<'_>, snapshot: &str) -> Option<DateTime<Utc>> {
    let mut until = later(facts.now, LONGEST_REST)?;
    for table in facts.tables {
        let known = facts.ledger.table(table.name())?;
        let position = known.position.as_ref().filter(|position| position.snapshot == snapshot)?;
        if table.is_read_in_full() {
            return None;
        }
        let by_xmin = known.cursor.as_deref() == Some("xmin") && !table.records_every_version();
        if let Some(scan) = position.full_scan.as_ref().filter(|_| !by_xmin) {
            until = until.min(later(scan.at, facts.config.sweep_interval)?);
        }
        if table.deletes_by() == DeletesBy::Comparison {
            until = until.min(next_comparison(facts.config, known)?);
        }
        if table.audit.is_some() {
            until = until.min(next_pruning(facts.ledger)?);
        }
    }
    (until > facts.now).then_some(until)
}

const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// When the source's audit table is to be pruned; `None` for now.
pub fn next_pruning(ledger: &Contents) -> Option<DateTime<Utc>> {
    later(ledger.source.pruned_at?, PRUNE_EVERY)
}

#[cfg(test)]
mod tests;
