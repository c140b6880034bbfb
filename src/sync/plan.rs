//! What the next cycle does with each table, and why: a pure function of what is known. No I/O, no clock of its own.
//!
//! A cycle plans twice: before it bootstraps, and again under its snapshot, when it is known what triggers have recorded.

pub mod due;
pub mod exposed;
pub mod recorded;
pub mod standing;

pub use due::{SMALL_PAGES, comparison_is_due, is_due, next, next_pruning, up_to_date_until};
pub use recorded::Versions;
pub use standing::audited;

use super::outcome::Retrying;
use super::table::TableToSync;
use crate::config::{Config, Deletes};
use crate::error::{Error, Result};
use crate::lake::place::would_drop_history;
use crate::lake::table::check_name;
use crate::model::drift::{self, Drift};
use crate::model::{Audit, AuditSummary, Position, Probe, TableName};
use crate::source::Relation;
use crate::state::records::BootstrapReason;
use crate::state::{Contents, TableState};
use chrono::{DateTime, Utc};
use due::full_scan;
use standing::{Standing, reason_to_bootstrap, standing};
use std::collections::HashMap;

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
    /// Heap pages by the last VACUUM or ANALYZE, or an estimate where neither ever ran; 0 where nothing tells.
    pub pages: u64,
}

/// What is done with a table.
#[derive(Debug, Clone)]
pub enum Action {
    /// It cannot be synced as things are.
    Refuse(Error),
    /// It failed, and is tried again later.
    Wait(Error),
    /// It is to be bootstrapped, once the lake has taken in what waits: that may tell of a past that is nowhere else.
    Hold,
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
    /// The lake table changes first.
    pub schema_changed: bool,
    /// What stood in rows that triggers recorded is read.
    pub versions: Option<Versions>,
    /// Keys that triggers recorded as deleted are read.
    pub deletes: bool,
    /// What the key's columns were called when the lake was last brought up to date.
    pub key: Vec<String>,
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
    // Who has the name in the lake keeps it.
    for table in facts.tables.iter().filter(|table| is_held(facts, table)).chain(facts.tables) {
        names.entry(table.lake.folded()).or_insert(table.name());
    }
    for table in facts.tables {
        let holder = names.get(&table.lake.folded()).copied().unwrap_or(table.name());
        let (action, why) = match refusal(facts, table, holder) {
            Some(refused) => refused,
            None => decide(facts, table).map_or_else(refuse, |decided| hold(facts, table, decided)),
        };
        let pages = table.relation.as_ref().map_or(0, |relation| relation.pages);
        plans.push(TablePlan { table: table.name().clone(), lake: table.lake.clone(), action, why, pages });
    }
    plans
}

/// Whether the lake holds the table under the name that it is to have.
fn is_held(facts: &Facts<'_>, table: &TableToSync) -> bool {
    facts.ledger.table(table.name()).is_some_and(|known| {
        known.position.is_some() && known.lake.as_ref().is_some_and(|lake| lake.same_in_duckdb(&table.lake))
    })
}

fn refuse(error: Error) -> (Action, String) {
    let why = error.to_string();
    (Action::Refuse(error), why)
}

/// Why a table is not even looked at, if so. `holder` is the table that goes by this name in the lake.
fn refusal(facts: &Facts<'_>, table: &TableToSync, holder: &TableName) -> Option<(Action, String)> {
    let name = table.name();
    if table.selected.forbidden {
        return Some(refuse(Error::table(format!(
            "no privilege to read {name}; run: GRANT USAGE ON SCHEMA {} TO your_role; GRANT SELECT ON {} TO your_role",
            crate::model::sql::quote(&name.schema),
            name.quoted()
        ))));
    }
    if let Err(error) = check_name(name, &table.lake) {
        return Some(refuse(error));
    }
    let known = facts.ledger.table(name);
    if let Some(error) = mode_change(known, table, known.and_then(|known| known.bootstrap_reason.as_ref())) {
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

/// A table's rows mean something else in another mode, so only `resync` changes it; and what it kept of the past goes only where that
/// is said in so many words. `asked`: why it is bootstrapped.
pub fn mode_change(known: Option<&TableState>, table: &TableToSync, asked: Option<&BootstrapReason>) -> Option<Error> {
    let mode = known?.schema.as_ref()?.mode;
    let (name, may_change) = (table.name(), matches!(asked, Some(BootstrapReason::Resync)) && !mode.keeps_the_past());
    if mode == table.mode || may_change || asked == Some(&BootstrapReason::ResyncDroppingHistory) {
        return None;
    }
    Some(Error::table(match mode.keeps_the_past() {
        true => would_drop_history(name, mode.name(), table.mode.name()),
        false => format!(
            "the lake holds {name} in mode {}, and {} is asked for now; to bootstrap it in the new mode run: pg2duck resync {name}",
            mode.name(),
            table.mode.name()
        ),
    }))
}

fn decide(facts: &Facts<'_>, table: &TableToSync) -> Result<(Action, String)> {
    let relation = table.relation.as_ref().map_err(Clone::clone)?;
    exposed::exposed(facts.ledger, table, relation)?;
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
    if let Some(reason) = recorded::unreadable(facts, table, relation, &standing) {
        return Ok(again(reason.into()));
    }
    let drift = drift::compare(standing.schema, &relation.schema);
    Ok(match drift {
        Drift::Bootstrap(reason) => again(reason),
        // Its files have the columns that it had then.
        Drift::Follow if standing.bootstrapped => again("its columns changed while it was bootstrapped".into()),
        Drift::None | Drift::Follow => {
            let moved = standing.lake.is_some_and(|lake| *lake != table.lake) || is_renamed(facts, table);
            poll(facts, table, relation, standing, moved || drift == Drift::Follow)
        }
    })
}

/// What waits for a lake that somebody holds comes before a copy.
fn hold(facts: &Facts<'_>, table: &TableToSync, (action, why): (Action, String)) -> (Action, String) {
    match action {
        Action::Bootstrap(_) if facts.ledger.must_land(table.name()) => {
            (Action::Hold, format!("once the lake has taken in what waits, it is bootstrapped: {why}"))
        }
        _ => (action, why),
    }
}

/// Whether the lake does not know yet by which name the source calls the table now.
fn is_renamed(facts: &Facts<'_>, table: &TableToSync) -> bool {
    let is_told = facts.ledger.waiting.contains_key(table.name());
    !is_told && facts.ledger.table(table.name()).is_some_and(|known| known.former.is_some())
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
    if table.deletes == Deletes::Audit && table.complete_audit().is_none() {
        let why = match table.lack() {
            Some(lack) => format!("deletes of {name} may go unrecorded: {lack}; repair that"),
            None => format!(
                "no triggers record the deletes of {name}, or the role may not read pg2duck.audit; install them"
            ),
        };
        return Err(Error::table(format!(
            "{why} with: pg2duck setup --tables {name}; or set {}=off",
            name.variable("DELETES")
        )));
    }
    if config.audit != Some(Audit::Full) || !table.keeps_versions() || table.records_every_version() {
        return Ok(());
    }
    Err(Error::table(match table.unrecorded() {
        Some(why) => format!(
            "AUDIT=full asks for every version of {name}, which no trigger can record: {why}; change that, or unset AUDIT to keep the \
             versions that polls see"
        ),
        None => format!(
            "AUDIT=full asks for every version of {name}, which its triggers do not record; install them with: pg2duck setup \
             --audit full --tables {name}; or unset AUDIT to keep the versions that polls see"
        ),
    }))
}

/// Why triggers that are there are not relied on, in words, if so.
fn not_from_triggers(table: &TableToSync) -> Option<String> {
    if let Some(lack) = table.lack() {
        return Some(format!("its triggers are not relied on: {lack}; run: pg2duck setup"));
    }
    let unrecorded = table.unrecorded().filter(|_| table.mode.keeps_the_past())?;
    Some(format!("versions are those that polls see: {unrecorded}"))
}

fn poll(
    facts: &Facts<'_>,
    table: &TableToSync,
    relation: &Relation,
    standing: Standing<'_>,
    schema_changed: bool,
) -> (Action, String) {
    let summary = standing::recorded(facts, table);
    let read = recorded::versions(facts, table, relation, &standing);
    let Standing { position, schema, bootstrapped, .. } = standing;
    // A bootstrap read its rows under many snapshots, some of which saw versions that the first did not.
    let versions = table.records_every_version() && !bootstrapped && !recorded::lacked_values(schema, &relation.schema);
    // Where versions may have been recorded in another order than they were written, the rows have the last word.
    let polls = !versions || summary.nested;
    let scan = full_scan(facts, relation, &position, bootstrapped, versions);
    let deletes = polls && summary.deletes && table.audit.is_some();
    let compare = comparison_is_due(facts, table) && schema.has_key_of(&relation.schema);
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
    if let Some(Versions { why: Some(told), .. }) = &read {
        why.push_str("; ");
        why.push_str(told);
    }
    if let Some(told) = not_from_triggers(table) {
        why.push_str("; ");
        why.push_str(&told);
    }
    if compare {
        why.push_str("; keys are compared, to find deleted rows");
    }
    if schema_changed {
        why.push_str("; the lake table follows the source's names and columns");
    }
    let poll = Poll {
        position,
        bootstrapped,
        schema_changed,
        versions: read,
        deletes,
        key: schema.key.clone(),
        rows,
        compare,
    };
    (Action::Poll(Box::new(poll)), why)
}

#[cfg(test)]
mod tests;
