//! What triggers recorded in `pg2duck.audit` (`pg2duck setup` installs them), and the keys of deleted rows among it.
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
use crate::model::{AuditSummary, AuditTriggers, Audited, ColumnType, Since, SourceColumn};
use sqlx::postgres::types::Oid;
use std::collections::{BTreeSet, HashMap};

const AUDITS: Template = template!("audits");
const RECORDED: Template = template!("recorded");
const MAY_PRUNE: Template = template!("may_prune");

row! {
    struct AuditRow {
        oid: Oid,
        lack: Option<String>,
        fingerprint: String,
        full: bool,
        shapes: bool,
    }
}

/// The tables among `oids` of which triggers record anything. None where the audit table is missing or may not be read.
pub async fn audits(source: &mut Connection, oids: &[u32]) -> Result<HashMap<u32, AuditTriggers>> {
    if oids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<AuditRow> = rows::all(source, &AUDITS.fill(&[("oids", Value::Oids(oids))])?).await?;
    let triggers =
        |AuditRow { oid, lack, fingerprint, full, shapes }| (oid.0, AuditTriggers { fingerprint, lack, full, shapes });
    Ok(rows.into_iter().map(triggers).collect())
}

/// What was recorded since, as a condition on the audit table `a`.
pub(super) fn since_condition(since: &Since) -> String {
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
        versions: bool,
        reshaped: bool,
        shapeless: bool,
    }
}

/// What was recorded of each of these tables since it was read.
pub async fn recorded(source: &mut Connection, tables: &[Audited]) -> Result<HashMap<u32, AuditSummary>> {
    let all = || tables.iter().flat_map(|table| [&table.since, &table.versions_since]);
    let Some(oldest) = all().map(|since| since.xmin).min() else { return Ok(HashMap::new()) };
    let oids: Vec<u32> = tables.iter().map(|table| table.relation).collect();
    // Most tables stand at the same snapshot; each is sent once, and named by its place.
    let distinct: BTreeSet<&Since> = all().collect();
    let distinct: Vec<&Since> = distinct.into_iter().collect();
    let place = |since: &Since| distinct.partition_point(|other| *other < since) as u64 + 1;
    let places: Vec<u64> = tables.iter().map(|table| place(&table.since)).collect();
    let versions_places: Vec<u64> = tables.iter().map(|table| place(&table.versions_since)).collect();
    let xmins: Vec<u64> = distinct.iter().map(|since| since.xmin).collect();
    let snapshots: Vec<&str> = distinct.iter().map(|since| since.snapshot.as_str()).collect();
    let former = tables.iter().flat_map(|table| table.former.iter().map(|former| (table.relation, *former)));
    let (former_roots, former_members): (Vec<u32>, Vec<u32>) = former.unzip();
    let sql = RECORDED.fill(&[
        ("oids", Value::Oids(&oids)),
        ("places", Value::Numbers(&places)),
        ("versions_places", Value::Numbers(&versions_places)),
        ("xmins", Value::Numbers(&xmins)),
        ("snapshots", Value::Texts(&snapshots)),
        ("former_roots", Value::Oids(&former_roots)),
        ("former_members", Value::Oids(&former_members)),
        ("oldest", Value::Number(oldest)),
    ])?;
    let summary = |row: RecordedRow| {
        let RecordedRow { oid, deletes, unknown, anything, nested, versions, reshaped, shapeless } = row;
        (oid.0, AuditSummary { deletes, anything, unknown, nested, versions, reshaped, shapeless })
    };
    Ok(rows::all(source, &sql).await?.into_iter().map(summary).collect())
}

/// The query of keys that were deleted since then, read as the table's own key columns are. `names`: what those were called when
/// their values were recorded.
///
/// # Errors
/// `Internal`: a defect.
pub fn deletes(relation: &Relation, since: &Since, names: &[String]) -> Result<String> {
    let key: Vec<_> = relation.schema.key_columns().collect();
    let recorded: Vec<String> = names.iter().map(|name| literal(name)).collect();
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
        elements = recorded
            .iter()
            .map(|name| format!("jsonb_array_elements_text(a.keys -> {name})"))
            .collect::<Vec<_>>()
            .join(", "),
        names = each(&|at, _, _| format!("k{at}"), ", "),
        read = read.join(", "),
        table = relation.name.quoted(),
        same = key.iter().map(|column| same(column, "gone", column)).collect::<Vec<_>>().join(" AND "),
    ))
}

/// Whether a row of `present` has the value that this one's column has. What Postgres calls equal although it looks otherwise (citext)
/// is another key in the lake.
pub(super) fn same(column: &SourceColumn, row: &str, recorded: &SourceColumn) -> String {
    use ColumnType::{Bool, Date, Int2, Int4, Int8, Oid, Timestamp, TimestampTz, Uuid};
    let (own, recorded_name) = (quote(&column.name), quote(&recorded.name));
    let equal = format!("present.{own} = {row}.{recorded_name}");
    let prints_alike = format!("present.{own}::text COLLATE \"C\" = {row}.{recorded_name}::text COLLATE \"C\"");
    match column.kind {
        _ if column.declared != recorded.declared => prints_alike,
        Bool | Date | Int2 | Int4 | Int8 | Oid | Timestamp | TimestampTz | Uuid => equal,
        _ => format!("{equal} AND {prints_alike}"),
    }
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
