//! Makes ledger and lake agree about what has been applied. The lake wins: it holds the rows.

use super::bootstrap::reset;
use super::lake::LakeHandle;
use super::seen::SeenXids;
use crate::config::Config;
use crate::error::{Kind, Result};
use crate::lake::Lake;
use crate::lake::file::identity;
use crate::model::{SyncRow, TableName};
use crate::state::records::BootstrapReason;
use crate::state::{Contents, Ledger, TableState};
use std::collections::{HashMap, HashSet};

/// What must be done so that both agree of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The lake is ahead, a crash came between its commit and ours: what waits up to this cycle counts as applied.
    Applied { table: TableName, through: String },
    /// The table is missing, or the file is an older copy of itself.
    Bootstrap { table: TableName, reason: &'static str },
}

/// Compares where a lake file stands with where the ledger believes it to be, table by table. `rows` is its `_pg2duck.sync`,
/// `present` its tables, folded.
pub fn differences(ledger: &Contents, rows: &[SyncRow], present: &HashSet<TableName>) -> Vec<Difference> {
    let by_source: HashMap<&TableName, &SyncRow> =
        rows.iter().filter(|row| present.contains(&row.lake.folded())).map(|row| (&row.source, row)).collect();
    let tables = ledger.tables.iter();
    let row = |name: &TableName, known: &TableState| {
        // Until the lake has followed it, a renamed table stands there under its former name.
        let former = known.former.as_ref().and_then(|former| by_source.get(former));
        former.or(by_source.get(name)).copied()
    };
    tables.filter_map(|(name, known)| difference(ledger, name, known, row(name, known))).collect()
}

fn difference(ledger: &Contents, table: &TableName, known: &TableState, row: Option<&SyncRow>) -> Option<Difference> {
    let table = table.clone();
    match row {
        Some(row) if Some(&row.cycle) == known.cycle.as_ref() => None,
        // Whether it is one that waits, only the queue knows.
        Some(row) if ledger.waiting.get(&table).is_some_and(|waiting| row.cycle <= waiting.newest.cycle) => {
            Some(Difference::Applied { table, through: row.cycle.clone() })
        }
        // A bootstrap that waits does not care what the lake holds.
        _ if known.position.is_none() => None,
        None => Some(Difference::Bootstrap { table, reason: "the lake does not hold it" }),
        Some(_) => Some(Difference::Bootstrap { table, reason: ANOTHER_COPY }),
    }
}

const ANOTHER_COPY: &str = "the lake file is another copy than the one last written";

/// Makes the ledger agree with this lake; `None` stands for a file that is gone. Answers whether any table must be bootstrapped.
///
/// # Errors
/// The lake cannot be read, or the ledger not written.
pub fn reconcile(
    config: &Config,
    ledger: &mut Ledger,
    seen: &mut HashMap<TableName, SeenXids>,
    lake: Option<&Lake>,
) -> Result<bool> {
    let (rows, present) = match lake {
        Some(lake) => (lake.sync_rows()?, lake.tables()?),
        None => (Vec::new(), HashSet::new()),
    };
    let own = ledger.source.origin();
    let mut rows = rows;
    rows.retain(|row| {
        row.origin.is_none()
            || own.is_none()
            || row.origin == own
            || ledger.source.succeeds.iter().any(|before| Some(before) == row.origin.as_ref())
    });
    // The line that is surely its own is the one that counts.
    rows.sort_by_key(|row| own.is_some() && row.origin == own);
    let mut any = false;
    for difference in differences(ledger, &rows, &present) {
        let (table, reason) = match difference {
            Difference::Applied { table, through } => {
                let applied = ledger.waiting_through(&table, &through)?;
                applied.iter().for_each(|set| ledger.applied(set, None));
                let holds_position = ledger.table(&table).is_some_and(|known| known.position.is_some());
                if !applied.is_empty() || !holds_position {
                    continue;
                }
                (table, ANOTHER_COPY)
            }
            Difference::Bootstrap { table, reason } => (table, reason),
        };
        tracing::warn!(table = %table, "{reason}: the table is bootstrapped again");
        reset(ledger, config, seen, &table, BootstrapReason::Because(reason.into()))?;
        if let Some(row) = rows.iter().rfind(|row| row.source == table) {
            holds_versions(ledger, row);
        }
        any = true;
    }
    ledger.commit(crate::state::ledger::Durability::Process)?;
    Ok(any)
}

/// Has the ledger know up to where this lake holds what triggers recorded: that is told by nobody but the lake.
fn holds_versions(ledger: &mut Ledger, row: &SyncRow) {
    let (Some(fence), Some(former)) = (&row.fence, &mut ledger.table_mut(&row.source).versions_since) else { return };
    former.fence.clone_from(fence);
    former.snapshot.clone_from(&row.snapshot);
    former.as_of.clone_from(&row.as_of);
}

/// Before anything is read: a lake file that was replaced or removed is noticed even if nothing changes any more.
///
/// # Errors
/// As [`reconcile`]. A lake that is held is looked at again when it is opened for writing.
pub fn notice_another_file(
    config: &Config,
    ledger: &mut Ledger,
    seen: &mut HashMap<TableName, SeenXids>,
    handle: &LakeHandle,
) -> Result<()> {
    let found = identity(&config.lake);
    // As an earlier process left it.
    let before = handle.seen().or(ledger.still_up_to_date()?.map(|record| record.lake));
    if before == Some(found) {
        handle.see_as(found);
        return Ok(());
    }
    let lake = match found {
        None => None,
        Some(_) => match handle.open_to_look(config) {
            Ok(lake) => Some(lake),
            Err(error) if error.kind() == Kind::LakeBusy => return Ok(()),
            Err(error) => return Err(error),
        },
    };
    reconcile(config, ledger, seen, lake.as_ref())?;
    handle.see_as(found);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeletesBy, Fence, Payload, Position};
    use crate::state::contents::Waiting;

    fn name() -> TableName {
        TableName::new("public", "orders")
    }

    fn position() -> Position {
        Position {
            fence: Fence { xmin: 7, low: None },
            snapshot: "7:7:".into(),
            as_of: String::new(),
            full_scan: None,
            audit: None,
        }
    }

    /// A ledger whose table was applied through `cycle`, with a change set of `waiting` in the queue.
    fn ledger(cycle: Option<&str>, waiting: Option<&str>) -> Contents {
        let mut ledger = Contents::default();
        let known = TableState {
            position: cycle.map(|_| position()),
            cycle: cycle.map(str::to_owned),
            ..TableState::default()
        };
        ledger.tables.insert(name(), known);
        if let Some(cycle) = waiting {
            let newest = crate::model::ChangeSet {
                cycle: cycle.into(),
                table: name(),
                lake: TableName::new("main", "orders"),
                cursor: "xmin".into(),
                deletes: DeletesBy::Off,
                schema: Default::default(),
                position: position(),
                earlier: Vec::new(),
                origin: None,
                succeeds: Vec::new(),
                drops_history: false,
                former: None,
                payload: Payload::FullRead { files: Vec::new() },
            };
            ledger.waiting.insert(name(), Waiting { newest, batches: 1, has_work: true });
        }
        ledger
    }

    fn found(ledger: &Contents, cycle: Option<&str>) -> Option<Difference> {
        let lake = TableName::new("main", "Orders");
        let rows: Vec<SyncRow> = cycle
            .map(|cycle| SyncRow {
                source: name(),
                lake: lake.clone(),
                mode: "mirror".into(),
                origin: None,
                cycle: cycle.into(),
                fence: None,
                snapshot: String::new(),
                as_of: String::new(),
            })
            .into_iter()
            .collect();
        differences(ledger, &rows, &HashSet::from([lake.folded()])).pop()
    }

    #[test]
    fn a_lake_that_was_committed_before_a_crash_counts_as_applied() {
        let through = |cycle: &str| Some(Difference::Applied { table: name(), through: cycle.into() });
        assert_eq!(found(&ledger(Some("1"), Some("2")), Some("2")), through("2"));
        assert_eq!(found(&ledger(None, Some("2")), Some("2")), through("2"));
        assert_eq!(found(&ledger(Some("1"), Some("2")), Some("1")), None);
    }

    #[test]
    fn a_lake_that_is_missing_or_another_copy_is_bootstrapped() {
        let reason = |difference| match difference {
            Some(Difference::Bootstrap { reason, .. }) => Some(reason),
            _ => None,
        };
        assert_eq!(reason(found(&ledger(Some("2"), None), None)), Some("the lake does not hold it"));
        assert_eq!(reason(found(&ledger(Some("2"), None), Some("1"))), Some(ANOTHER_COPY));
        assert_eq!(found(&ledger(None, None), None), None);
    }
}
