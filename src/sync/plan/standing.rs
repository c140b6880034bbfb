//! From where a table is read on, and what makes only a bootstrap exact.

use super::{Facts, TableToSync};
use crate::model::{AuditSummary, Position, Since, TableName, TableSchema, audit, xid};
use crate::state::Contents;
use chrono::NaiveDateTime;

/// From where a table is read on.
pub(super) struct Standing<'a> {
    pub position: Position,
    pub schema: &'a TableSchema,
    pub lake: Option<&'a TableName>,
    /// The position is that of a bootstrap that was just completed.
    pub bootstrapped: bool,
}

/// Where a table stands: at its newest change set that waits for the lake, at what the lake holds, or at its completed bootstrap.
pub(super) fn standing<'a>(ledger: &'a Contents, name: &TableName) -> Option<Standing<'a>> {
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
pub(super) fn reason_to_bootstrap(facts: &Facts<'_>, table: &TableToSync, standing: &Standing<'_>) -> Option<String> {
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

/// What triggers have recorded of a table since it was read.
pub(super) fn recorded(facts: &Facts<'_>, table: &TableToSync) -> AuditSummary {
    facts.recorded.and_then(|recorded| recorded.get(&table.selected.oid)).copied().unwrap_or_default()
}

/// Whole days between two instants as the source prints them; 0 for what it never prints.
fn days_between(before: &str, now: &str) -> i64 {
    let parse = |text| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok();
    parse(now).zip(parse(before)).map_or(0, |(now, before)| (now - before).num_days())
}
