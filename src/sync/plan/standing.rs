//! From where a table is read on, and what makes only a bootstrap exact.

use super::{Facts, TableToSync};
use crate::model::{AuditSummary, AuditTriggers, Audited, Position, TableName, TableSchema, audit, xid};
use crate::state::Contents;
use chrono::NaiveDateTime;
use std::collections::BTreeSet;

/// From where a table is read on.
pub(super) struct Standing<'a> {
    pub position: Position,
    pub schema: &'a TableSchema,
    pub lake: Option<&'a TableName>,
    /// The position is that of a bootstrap that was just completed.
    pub bootstrapped: bool,
    /// What the lake has, as long as the bootstrap has not taken its place.
    pub former: Option<Former<'a>>,
}

impl Standing<'_> {
    /// Whether what triggers recorded was read up to there: by the lake's position, where a bootstrap has not taken its place.
    pub fn follows_triggers(&self) -> bool {
        let position = self.former.map_or(&self.position, |former| former.position);
        position.audit.is_some()
    }
}

/// Up to where the lake has what triggers recorded, and the shape that the table has there.
#[derive(Clone, Copy)]
pub(super) struct Former<'a> {
    pub position: &'a Position,
    pub schema: &'a TableSchema,
}

impl Former<'_> {
    /// Relations that may have been the table or a part of it, and that have no triggers of it any more.
    pub fn relations(&self, table: &TableToSync) -> Vec<u32> {
        let relations = |fingerprint: &str| AuditTriggers::relations(fingerprint).collect::<BTreeSet<u32>>();
        let mut former = relations(self.position.audit.as_deref().unwrap_or_default());
        former.insert(self.schema.relation);
        let now = relations(table.audit.as_ref().map_or("", |audit| audit.fingerprint.as_str()));
        former.into_iter().filter(|oid| *oid != 0 && !now.contains(oid)).collect()
    }
}

/// Where a table stands: at its newest change set that waits for the lake, at what the lake holds, or at its completed bootstrap.
pub(super) fn standing<'a>(ledger: &'a Contents, name: &TableName) -> Option<Standing<'a>> {
    let table = ledger.table(name);
    if let Some(waiting) = ledger.waiting.get(name) {
        let newest = &waiting.newest;
        let before = table.and_then(|table| table.position.as_ref()).and_then(|position| position.full_scan.clone());
        let full_scan = newest.position.full_scan.clone().or(before);
        let position = Position { full_scan, ..newest.position.clone() };
        return Some(Standing {
            position,
            schema: &newest.schema,
            lake: Some(&newest.lake),
            bootstrapped: false,
            former: None,
        });
    }
    let table = table?;
    if let (Some(position), Some(schema)) = (table.position.clone(), &table.schema) {
        return Some(Standing { position, schema, lake: table.lake.as_ref(), bootstrapped: false, former: None });
    }
    let progress = table.bootstrap.as_ref().filter(|progress| progress.next_page.is_none())?;
    let position = progress.position.clone();
    let former = table.versions_since.as_ref().zip(table.schema.as_ref());
    let former = former.map(|(position, schema)| Former { position, schema });
    Some(Standing { position, schema: &progress.schema, lake: None, bootstrapped: true, former })
}

/// Up to where recorded changes of these tables were read: of those whose triggers record any and that the lake holds.
pub fn audited(ledger: &Contents, tables: &[TableToSync]) -> Vec<Audited> {
    let audited = tables.iter().filter(|table| table.audit.is_some());
    let since = |table: &TableToSync| {
        let standing = standing(ledger, table.name())?;
        if table.complete_audit().is_none() && !standing.follows_triggers() {
            return None;
        }
        let Standing { position, former, .. } = standing;
        let since = position.since();
        Some(Audited {
            relation: table.selected.oid,
            versions_since: former.map_or_else(|| since.clone(), |former| former.position.since()),
            since,
            former: former.map_or_else(Vec::new, |former| former.relations(table)),
        })
    };
    audited.filter_map(since).collect()
}

/// Why what changed since cannot be told, if so: only a bootstrap is exact then.
pub(super) fn reason_to_bootstrap(facts: &Facts<'_>, table: &TableToSync, standing: &Standing<'_>) -> Option<String> {
    if let Some(reason) = incomparable(facts, &standing.position) {
        return Some(reason.into());
    }
    unknown_deletes(facts, table, &standing.position)
}

/// Why the source's transactions do not tell what came after the position, if so.
pub(super) fn incomparable(facts: &Facts<'_>, position: &Position) -> Option<&'static str> {
    let fence = &position.fence;
    if facts.source.xmin < fence.xmin {
        return Some("the source is older than the cursor (restored from a backup?)");
    }
    (!xid::is_comparable(fence.xmin, facts.source.xmax)).then_some("the cursor is more than 2^32 transactions behind")
}

/// Why deletes since the position are not all known, if so.
fn unknown_deletes(facts: &Facts<'_>, table: &TableToSync, position: &Position) -> Option<String> {
    match (&position.audit, &table.fingerprint()) {
        (_, None) => None,
        (None, Some(_)) => Some("its deletes are recorded from now on".into()),
        (Some(before), Some(now)) if before != now => Some("the triggers that record its deletes were changed".into()),
        _ if may_be_pruned(facts, position) => {
            Some("recorded deletes may have been pruned since it was last read".into())
        }
        _ => recorded(facts, table)
            .unknown
            .then(|| "the source truncated it, or could not record which keys were deleted".into()),
    }
}

/// Whether what was recorded after the position may not be there any more.
pub(super) fn may_be_pruned(facts: &Facts<'_>, position: &Position) -> bool {
    days_between(&position.as_of, &facts.source.clock) >= audit::RETENTION_DAYS - 1
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
