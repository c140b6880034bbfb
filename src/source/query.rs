//! The SQL that reads rows: whole ranges of a table for a bootstrap, or what changed since a fence.

use super::relation::Relation;
use crate::model::sql::{literal, quote};
use crate::model::{Cursor, CursorKind, Fence, Snapshot, xid};
use std::time::Duration;

/// The widest distance of any time zone from UTC: local times written without zone may be off by this much.
const WIDEST_OFFSET: Duration = Duration::from_secs(14 * 3600);

/// Rows in these heap pages: `first..end`, or to the end of the table.
pub fn pages(relation: &Relation, first: u64, end: Option<u64>) -> String {
    let mut conditions = Vec::new();
    if first > 0 {
        conditions.push(format!("ctid >= '({first},0)'::tid"));
    }
    if let Some(end) = end {
        conditions.push(format!("ctid < '({end},0)'::tid"));
    }
    select(relation, &conditions.join(" AND "))
}

/// All rows.
pub fn everything(relation: &Relation) -> String {
    select(relation, "")
}

/// Rows that meet any of these conditions.
pub fn rows(relation: &Relation, wanted: &[String]) -> String {
    select(relation, &wanted.join(" OR "))
}

/// Whether any row meets the condition, as an expression.
pub fn any(relation: &Relation, wanted: &str) -> String {
    format!("EXISTS (SELECT FROM {} WHERE {wanted})", relation.name.quoted())
}

/// The condition on rows that a transaction wrote which the fence's snapshot could not see.
///
/// `since` without `low` reads by `xmin` alone (a full scan). `lookback`: how far before `low` the range begins. `seen` are
/// transactions whose rows have all been read.
pub fn written(relation: &Relation, since: &Fence, snapshot: &Snapshot, lookback: Duration, seen: &[u32]) -> String {
    let mut conditions = Vec::new();
    if let (Cursor::Column { name, kind, nullable }, Some(low)) = (&relation.cursor, &since.low) {
        let column = quote(name);
        let range = match kind {
            CursorKind::TimestampTz => format!("{column} >= {}", instant(low, lookback, "timestamptz")),
            CursorKind::Timestamp => format!("{column} >= {}", instant(low, lookback + WIDEST_OFFSET, "timestamp")),
            CursorKind::Date => {
                format!("{column} >= ({})::date", instant(low, lookback + WIDEST_OFFSET, "timestamp"))
            }
        };
        conditions.push(if *nullable { format!("({range} OR {column} IS NULL)") } else { range });
    }
    conditions.push(xid::at_or_after(since.xmin, snapshot.xmax));
    if !seen.is_empty() {
        let list = seen.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        conditions.push(format!("NOT (xmin = ANY ('{{{list}}}'::xid[]))"));
    }
    format!("({})", conditions.join(" AND "))
}

fn instant(low: &str, earlier: Duration, kind: &str) -> String {
    let utc = if kind == "timestamptz" { "+00" } else { "" };
    format!("{}::{kind} - interval '{} seconds'", literal(&format!("{low}{utc}")), earlier.as_secs())
}

fn select(relation: &Relation, wanted: &str) -> String {
    let xmin = if relation.cursor == Cursor::Full { "'0'::xid" } else { "xmin" };
    let columns: Vec<String> = relation
        .schema
        .columns
        .iter()
        .map(|column| column.read.sql(&quote(&column.name), relation.salt.reveal()))
        .chain([xmin.into()])
        .collect();
    let filter = if wanted.is_empty() { String::new() } else { format!(" WHERE {wanted}") };
    format!("SELECT {} FROM {}{filter}", columns.join(", "), relation.name.quoted())
}
