//! What the next cycle would do, looked at without doing it: reads the source, the ledger and the lake, changes nothing.

use super::begin::{is_current, record_holds};
use super::discover;
use super::lake::LakeHandle;
use super::plan::{self, Action, Facts, Now, Poll, Rows, TablePlan};
use super::reconcile::{Difference, differences};
use crate::config::Config;
use crate::error::{Kind, Result};
use crate::lake::file::identity;
use crate::model::{Probe, TableName};
use crate::source::{Sessions, audit, snapshot};
use crate::state::records::BootstrapReason;
use crate::state::{Contents, TableState, requests};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// The next cycle.
#[derive(Debug, Serialize)]
pub struct Preview {
    /// Why the next cycle would not even search for tables, if so.
    pub up_to_date: Option<String>,
    /// What the lake file keeps the preview from telling.
    pub unknown: Option<String>,
    pub tables: Vec<TablePreview>,
}

/// One table's part of it.
#[derive(Debug, Serialize)]
pub struct TablePreview {
    pub table: String,
    pub lake_table: String,
    pub does: Does,
    pub why: String,
    /// What it reads, as far as the source's statistics tell.
    pub reads: String,
    /// Why it failed last time.
    pub last_error: Option<String>,
}

/// What is done, in the order in which it is worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    Refuse,
    Wait,
    Forget,
    Bootstrap,
    ReadInFull,
    FullScan,
    CompareKeys,
    Poll,
}

impl Does {
    /// As a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Wait => "wait",
            Self::Forget => "forget",
            Self::Bootstrap => "bootstrap",
            Self::ReadInFull => "read in full",
            Self::FullScan => "full scan",
            Self::CompareKeys => "compare keys",
            Self::Poll => "poll",
        }
    }

    /// Whether every cycle does it.
    pub fn is_routine(self) -> bool {
        matches!(self, Self::Poll | Self::ReadInFull)
    }
}

/// Looks at everything that decides.
///
/// # Errors
/// The source cannot be reached or the ledger not read; nothing is selected.
pub async fn preview(config: &Config) -> Result<Preview> {
    let mut ledger = Contents::read(&config.state_dir)?.unwrap_or_default();
    let mut sessions = Sessions::connect(config.session()).await?;
    sessions.configure().await?;
    let known = ledger.source.identity.clone();
    let compared = discover::compare_identity(known.as_ref(), snapshot::identify(sessions.main()?).await?);
    let probe = sessions.probe().await?;
    let asked = requests::read(&config.state_dir)?;
    let untouched = compared.reason.is_none() && asked.is_empty();
    if let Some(until) = up_to_date_until(config, &ledger, &probe).filter(|_| untouched) {
        let (tables, until) = (ledger.tables.len(), until.format("%Y-%m-%d %H:%M:%SZ"));
        let up_to_date = Some(format!(
            "nothing was committed in the source since the last cycle: {tables} tables are up to date, and nothing is due before \
             {until}"
        ));
        return Ok(Preview { up_to_date, unknown: None, tables: Vec::new() });
    }
    let found = discover::discover(sessions.main()?, config).await?;
    let renamed = discover::renamed(&ledger, &found).into_iter().filter_map(|(from, to)| {
        if ledger.must_land(&from) {
            return None;
        }
        ledger.waiting.remove(&from);
        let known = ledger.tables.remove(&from)?;
        Some((to, TableState { former: Some(from), ..known }))
    });
    let renamed: Vec<(TableName, TableState)> = renamed.collect();
    ledger.tables.extend(renamed);
    let unknown = take_in_differences(config, &mut ledger)?;
    let everything = compared.reason.into_iter().flat_map(|reason| {
        let names: Vec<TableName> = ledger.tables.keys().cloned().collect();
        names.into_iter().map(move |name| (name, BootstrapReason::Because(reason.into())))
    });
    let resets: Vec<_> =
        everything.chain(asked.into_iter().filter_map(|(name, what)| Some((name, what.reason()?)))).collect();
    resets.into_iter().for_each(|(name, reason)| give_up(&mut ledger, &name, reason));
    let audited = found.tables.iter().any(|table| table.audit.is_some());
    let taken = sessions.begin(audited).await?;
    let since = plan::audited(&ledger, &found.tables);
    let recorded = audit::recorded(sessions.main()?, &since).await?;
    sessions.end().await?;
    let plans = plan::plan(&Facts {
        config,
        ledger: &ledger,
        tables: &found.tables,
        source: Now { xmin: taken.xmin, xmax: taken.xmax, clock: probe.now },
        recorded: Some(&recorded),
        retrying: HashMap::new(),
        full_scan_tried: &HashMap::new(),
        now: Utc::now(),
    });
    let indexed: HashSet<&TableName> = found
        .tables
        .iter()
        .filter(|table| table.relation.as_ref().is_ok_and(|relation| relation.cursor_indexed))
        .map(|table| table.name())
        .collect();
    let forgotten = discover::forgotten(&ledger, &found).into_iter().map(|name| TablePreview {
        table: name.to_string(),
        lake_table: ledger
            .table(&name)
            .and_then(|known| known.lake.as_ref())
            .map(ToString::to_string)
            .unwrap_or_default(),
        does: Does::Forget,
        why: "it is not selected any more, or gone; the lake table stays and grows no fresher".into(),
        reads: "nothing".into(),
        last_error: None,
    });
    let missing = found.missing.iter().map(|(name, error)| TablePreview {
        table: name.to_string(),
        lake_table: String::new(),
        does: Does::Refuse,
        why: error.to_string(),
        reads: "nothing".into(),
        last_error: None,
    });
    let mut tables: Vec<TablePreview> = plans
        .iter()
        .map(|plan| describe(plan, &ledger, indexed.contains(&plan.table)))
        .chain(forgotten)
        .chain(missing)
        .collect();
    tables.sort_by(|a, b| (a.does, &a.table).cmp(&(b.does, &b.table)));
    Ok(Preview { up_to_date: None, unknown, tables })
}

fn up_to_date_until(config: &Config, ledger: &Contents, probe: &Probe) -> Option<DateTime<Utc>> {
    let record = ledger.up_to_date.as_ref().filter(|_| ledger.still_up_to_date)?;
    let holds = is_current(record, config) && record_holds(record, probe) && record.lake == identity(&config.lake);
    holds.then_some(record.until)
}

/// Takes in what the lake says of itself; answers why it cannot be asked, if so.
fn take_in_differences(config: &Config, ledger: &mut Contents) -> Result<Option<String>> {
    let (rows, present) = match identity(&config.lake) {
        None => (Vec::new(), HashSet::new()),
        Some(_) => match LakeHandle::default().open_to_look(config) {
            Ok(lake) => (lake.sync_rows()?, lake.tables()?),
            Err(error) if error.kind() == Kind::LakeBusy => {
                return Ok(Some(format!("whether the lake is the one that was last written: {error}")));
            }
            Err(error) => return Err(error),
        },
    };
    for difference in differences(ledger, &rows, &present) {
        if let Difference::Bootstrap { table, reason } = difference {
            give_up(ledger, &table, BootstrapReason::Because(reason.into()));
        }
    }
    Ok(None)
}

fn give_up(ledger: &mut Contents, name: &TableName, reason: BootstrapReason) {
    ledger.waiting.remove(name);
    if let Some(table) = ledger.tables.get_mut(name) {
        table.position = None;
        table.bootstrap = None;
        table.bootstrap_reason = Some(reason);
    }
}

fn describe(plan: &TablePlan, ledger: &Contents, indexed: bool) -> TablePreview {
    let pages = match plan.pages {
        0 => "a table of unknown size".to_owned(),
        1 => "1 page".to_owned(),
        pages => format!("about {} pages", indicatif::HumanCount(pages)),
    };
    let (does, reads) = match &plan.action {
        Action::Refuse(_) => (Does::Refuse, "nothing".into()),
        Action::Wait(_) | Action::Hold => (Does::Wait, "nothing".into()),
        Action::Bootstrap(_) => (Does::Bootstrap, pages),
        Action::ReadInFull => (Does::ReadInFull, pages),
        Action::Poll(poll) => (polls(poll, plan.pages), what_a_poll_reads(poll, pages, indexed)),
    };
    TablePreview {
        table: plan.table.to_string(),
        lake_table: plan.lake.to_string(),
        does,
        why: plan.why.clone(),
        reads,
        last_error: ledger.table(&plan.table).and_then(|known| known.error.clone()),
    }
}

fn polls(poll: &Poll, pages: u64) -> Does {
    match poll {
        Poll { compare: true, .. } => Does::CompareKeys,
        // That of a small table is routine.
        Poll { rows: Some(Rows::FullScan), .. } if pages > plan::SMALL_PAGES => Does::FullScan,
        _ => Does::Poll,
    }
}

fn what_a_poll_reads(poll: &Poll, pages: String, indexed: bool) -> String {
    let rows = match poll.rows {
        Some(Rows::Cursor) if indexed => "an index range".to_owned(),
        Some(_) => pages,
        None => "no rows".to_owned(),
    };
    let recorded = if poll.versions.is_some() || poll.deletes { ", and what triggers recorded" } else { "" };
    let keys = if poll.compare { ", and the keys of a part of it" } else { "" };
    format!("{rows}{recorded}{keys}")
}
