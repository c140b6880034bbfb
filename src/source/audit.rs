//! Deletes, and every version of a row, that triggers recorded in `pg2duck.audit` (`pg2duck setup` installs them).
//!
//! A recorded delete carries the transaction's 64-bit id, so the fence's `xmin` bounds what has to be read, whatever the
//! clocks say. A key that stands in the table under the same snapshot is not deleted: it was inserted again, or the delete is
//! an older one that was read before.

use super::connection::Connection;
use super::relation::Relation;
use super::rows::{self, row};
use super::sql::{Template, Value, template, with_relatives};
use crate::error::Result;
use crate::model::audit::RETENTION_DAYS;
use crate::model::sql::{literal, quote};
use crate::model::{AuditSummary, AuditTriggers, ColumnType, Read, Since, SourceColumn};
use sqlx::postgres::types::Oid;
use std::collections::{BTreeSet, HashMap};

const AUDITS: Template = template!("audits");
const RECORDED: Template = template!("recorded");
const MAY_PRUNE: Template = template!("may_prune");

row! {
    struct AuditRow {
        oid: Oid,
        fingerprint: String,
        full: bool,
    }
}

/// The tables among `oids` whose every relative records its deletes. None where the audit table is missing or may not be read.
pub async fn audits(source: &mut Connection, oids: &[u32]) -> Result<HashMap<u32, AuditTriggers>> {
    if oids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<AuditRow> = rows::all(source, &AUDITS.fill(&[("oids", Value::Oids(oids))])?).await?;
    let triggers = |row: AuditRow| (row.oid.0, AuditTriggers { fingerprint: row.fingerprint, full: row.full });
    Ok(rows.into_iter().map(triggers).collect())
}

/// What was recorded since, as a condition on the audit table `a`.
fn since_condition(since: &Since) -> String {
    format!(
        "a.xid >= '{}'::xid8 AND NOT pg_visible_in_snapshot(a.xid, {}::pg_snapshot)",
        since.xmin,
        literal(&since.snapshot)
    )
}

row! {
    struct RecordedRow {
        oid: Oid,
        deletes: bool,
        unknown: bool,
        anything: bool,
        nested: bool,
    }
}

/// What was recorded of each of these tables since it was read.
pub async fn recorded(source: &mut Connection, tables: &[(u32, Since)]) -> Result<HashMap<u32, AuditSummary>> {
    let Some(oldest) = tables.iter().map(|(_, since)| since.xmin).min() else { return Ok(HashMap::new()) };
    let oids: Vec<u32> = tables.iter().map(|(oid, _)| *oid).collect();
    // Most tables stand at the same snapshot; each is sent once, and named by its place.
    let distinct: BTreeSet<&Since> = tables.iter().map(|(_, since)| since).collect();
    let distinct: Vec<&Since> = distinct.into_iter().collect();
    let place = |since: &Since| distinct.partition_point(|other| *other < since) as u64 + 1;
    let places: Vec<u64> = tables.iter().map(|(_, since)| place(since)).collect();
    let xmins: Vec<u64> = distinct.iter().map(|since| since.xmin).collect();
    let snapshots: Vec<&str> = distinct.iter().map(|since| since.snapshot.as_str()).collect();
    let sql = RECORDED.fill(&[
        ("oids", Value::Oids(&oids)),
        ("places", Value::Numbers(&places)),
        ("xmins", Value::Numbers(&xmins)),
        ("snapshots", Value::Texts(&snapshots)),
        ("oldest", Value::Number(oldest)),
    ])?;
    let summary = |RecordedRow { oid, deletes, unknown, anything, nested }| {
        (oid.0, AuditSummary { deletes, anything, unknown, nested })
    };
    Ok(rows::all(source, &sql).await?.into_iter().map(summary).collect())
}

/// The query of keys that were deleted since then, read as the table's own key columns are.
///
/// # Errors
/// `Internal`: a defect.
pub fn deletes(relation: &Relation, since: &Since) -> Result<String> {
    let key: Vec<_> = relation.schema.key_columns().collect();
    let each = |text: &dyn Fn(usize, &str, &str) -> String, separator: &str| {
        let parts = key.iter().enumerate().map(|(at, column)| text(at, &column.name, &column.declared));
        parts.collect::<Vec<_>>().join(separator)
    };
    let read: Vec<String> = key
        .iter()
        .map(|column| column.read.sql(&format!("gone.{}", quote(&column.name)), relation.salt.reveal()))
        .collect();
    Ok(format!(
        "{with}, \
           gone AS (SELECT DISTINCT {typed} FROM pg2duck.audit a, \
                      LATERAL ROWS FROM ({elements}) AS keys({names}) \
                    WHERE a.op = 'd' AND {since} AND a.relid IN (SELECT member FROM relatives)) \
         SELECT {read}, '0'::xid FROM gone \
         WHERE NOT EXISTS (SELECT FROM {table} AS present WHERE {same})",
        with = with_relatives(&[relation.oid])?,
        since = since_condition(since),
        typed = each(&|at, name, declared| format!("keys.k{at}::{declared} AS {}", quote(name)), ", "),
        elements = each(&|_, name, _| format!("jsonb_array_elements_text(a.keys -> {})", literal(name)), ", "),
        names = each(&|at, _, _| format!("k{at}"), ", "),
        read = read.join(", "),
        table = relation.name.quoted(),
        same = key.iter().map(|column| same(column)).collect::<Vec<_>>().join(" AND "),
    ))
}

/// Whether a key stands in the table as it was recorded. What Postgres calls equal although it looks otherwise (citext) is
/// another key in the lake.
fn same(column: &SourceColumn) -> String {
    use ColumnType::{Bool, Date, Int2, Int4, Int8, Oid, Timestamp, TimestampTz, Uuid};
    let name = quote(&column.name);
    let equal = format!("present.{name} = gone.{name}");
    match column.kind {
        Bool | Date | Int2 | Int4 | Int8 | Oid | Timestamp | TimestampTz | Uuid => equal,
        _ => format!("{equal} AND present.{name}::text COLLATE \"C\" = gone.{name}::text COLLATE \"C\""),
    }
}

/// The query of every version that was written since then, in the order of writing.
///
/// # Errors
/// `Internal`: a defect.
pub fn versions(relation: &Relation, since: &Since) -> Result<String> {
    let column =
        |column: &SourceColumn| column.read.sql(&format!("version.{}", quote(&column.name)), relation.salt.reveal());
    let read: Vec<String> = relation.schema.columns.iter().map(column).collect();
    // What must not leave the source does not leave it in an image either.
    let hidden = relation
        .schema
        .columns
        .iter()
        .filter(|column| matches!(column.read, Read::Masked { .. }))
        .map(|column| &column.name);
    let hidden: Vec<String> =
        hidden.chain(relation.schema.left_out.iter().map(|column| &column.name)).map(|name| literal(name)).collect();
    let before = match hidden.is_empty() {
        true => "a.old".into(),
        false => format!("(a.old::jsonb - ARRAY[{}]::text[])::json", hidden.join(", ")),
    };
    Ok(format!(
        "{with} \
         SELECT {read}, a.op::text, a.at, a.seq, a.xid::text::bigint, {before}, '0'::xid FROM pg2duck.audit a, \
           LATERAL json_populate_record(NULL::{table}, coalesce(a.new, a.old)) AS version \
         WHERE {since} \
           AND a.op IN ('c', 'u', 'd') AND a.relid IN (SELECT member FROM relatives) ORDER BY a.seq",
        with = with_relatives(&[relation.oid])?,
        read = read.join(", "),
        table = relation.name.quoted(),
        since = since_condition(since),
    ))
}

/// Removes what everybody has read or is too late for, where the role may; says whether it may.
pub async fn prune(source: &mut Connection) -> Result<bool> {
    if !source.one::<bool>(&MAY_PRUNE.fill(&[])?, 0).await? {
        return Ok(false);
    }
    source
        .execute(&format!(
            "BEGIN READ WRITE; DELETE FROM pg2duck.audit WHERE at < now() - interval '{RETENTION_DAYS} days'; COMMIT"
        ))
        .await?;
    Ok(true)
}
