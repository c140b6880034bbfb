//! What the clock makes due: full scans, comparisons of keys, pruning; and until when nothing is.

use super::{Facts, TableToSync};
use crate::config::Config;
use crate::model::{Cursor, DeletesBy, Position};
use crate::source::Relation;
use crate::state::{Contents, TableState};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// Heap pages of a table that is scanned at every cycle: that costs no more than descending its index.
pub const SMALL_PAGES: u64 = 8;

/// Why the table is read by `xmin` alone, if so. Without a cursor column every poll does that already, and a bootstrap has just read
/// everything. Where triggers record every version there is no need to poll, so only time makes a scan due.
pub(super) fn full_scan(
    facts: &Facts<'_>,
    relation: &Relation,
    position: &Position,
    bootstrapped: bool,
    versions: bool,
) -> Option<String> {
    let interval = facts.config.full_scan_interval;
    let last = position.full_scan.as_ref()?;
    let tried = facts.full_scan_tried.get(&relation.name);
    let by_cursor = matches!(relation.cursor, Cursor::Column { .. });
    if bootstrapped
        || !(versions || by_cursor)
        || tried.is_some_and(|at| !is_due(next(*at, interval, facts.now), facts.now))
    {
        return None;
    }
    if !versions && (1..=SMALL_PAGES).contains(&relation.pages) {
        return Some("it is small".into());
    }
    is_due(next(last.at, interval, facts.now), facts.now)
        .then(|| format!("the last one began {}", last.at.format("%Y-%m-%d %H:%M:%SZ")))
}

/// Whether the table's keys are to be compared with the lake's now.
pub fn comparison_is_due(facts: &Facts<'_>, table: &TableToSync) -> bool {
    let Some(known) = facts.ledger.table(table.name()) else { return false };
    table.deletes_by() == DeletesBy::Comparison
        && known.position.is_some()
        && !facts.ledger.waiting.contains_key(table.name())
        && is_due(next_comparison(facts.config, known, facts.now), facts.now)
}

/// When keys are to be compared; `None` for now.
fn next_comparison(config: &Config, known: &TableState, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let done = known.comparison.as_ref().filter(|comparison| comparison.is_done())?;
    next(done.begun, config.diff_interval, now)
}

/// When what was done then is to be done again; `None` for now. An instant in the future was read from a clock that was wrong: waiting
/// for it might take years.
pub fn next(done: DateTime<Utc>, interval: Duration, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (done <= now).then(|| later(done, interval))
}

/// Whether the time has come.
pub fn is_due(next: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    next.is_none_or(|at| at <= now)
}

/// So long after, or as late as clocks show.
fn later(at: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
    at.checked_add_signed(wait).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Once in so long everything is looked at, whatever is up to date.
const LONGEST_REST: Duration = Duration::from_secs(24 * 3600);

/// Until when nothing of these tables is due by the clock, if all of them stand at this snapshot; `None` where some table is to be
/// looked at in any case.
pub fn up_to_date_until(facts: &Facts<'_>, snapshot: &str) -> Option<DateTime<Utc>> {
    let mut until = later(facts.now, LONGEST_REST);
    for table in facts.tables {
        let known = facts.ledger.table(table.name())?;
        let position = known.position.as_ref().filter(|position| position.snapshot == snapshot)?;
        if table.is_read_in_full() || table.relation.as_ref().is_ok_and(|relation| relation.unlogged) {
            return None;
        }
        let by_xmin = known.cursor.as_deref() == Some("xmin") && !table.records_every_version();
        if let Some(scan) = position.full_scan.as_ref().filter(|_| !by_xmin) {
            until = until.min(next(scan.at, facts.config.full_scan_interval, facts.now)?);
        }
        if table.deletes_by() == DeletesBy::Comparison {
            until = until.min(next_comparison(facts.config, known, facts.now)?);
        }
        if table.audit.is_some() {
            until = until.min(next_pruning(facts.ledger, facts.now)?);
        }
    }
    (until > facts.now).then_some(until)
}

const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// When the source's audit table is to be pruned; `None` for now.
pub fn next_pruning(ledger: &Contents, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    next(ledger.source.pruned_at?, PRUNE_EVERY, now)
}
