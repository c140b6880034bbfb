//! Deletes, and every version of a row, that triggers recorded in `pg2duck.audit` (`pg2duck setup` installs them).
//!
//! A recorded delete carries the transaction's 64-bit id, so the fence's `xmin` bounds what has to be read, whatever the
//! clocks say. A key that stands in the table under the same snapshot is not deleted: it was inserted again, or the delete is
//! an older one that was read before.

use super::connection::{Connection, get};
use super::relation::Relation;
use crate::error::Result;
use crate::model::audit::RETENTION_DAYS;
use crate::model::sql::{literal, quote};
use crate::model::{AuditSummary, AuditTriggers, ColumnType, Read, Since, SourceColumn};
use sqlx::postgres::types::Oid;
use std::collections::{BTreeMap, HashMap};

/// Columns whose values become JSON by a cast of their type's own (hstore), or as another array than they were.
const ONE_WAY: &str = "SELECT FROM pg_catalog.pg_attribute att JOIN pg_catalog.pg_type t ON t.oid = att.atttypid \
    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A' \
    WHERE att.attnum > 0 AND NOT att.attisdropped AND (t.typname IN ('int2vector', 'oidvector') \
      OR (e.typtype = 'd' AND e.typcategory = 'A') \
      OR EXISTS (SELECT FROM pg_catalog.pg_cast c WHERE c.casttarget = 'pg_catalog.json'::regtype \
         AND c.castsource >= 16384 AND c.castsource IN (t.oid, e.oid, t.typbasetype)))";

/// The tables among `oids` whose every member records its deletes. None where the audit table is missing or may not be read.
pub async fn audits(source: &mut Connection, oids: &[u32]) -> Result<HashMap<u32, AuditTriggers>> {
    let may_read = "SELECT coalesce(has_schema_privilege(to_regnamespace('pg2duck')::oid, 'USAGE'), false) \
                    AND coalesce(has_table_privilege(to_regclass('pg2duck.audit')::oid, 'SELECT'), false)";
    if oids.is_empty() || !source.one::<bool>(may_read, 0).await? {
        return Ok(HashMap::new());
    }
    let rows = source
        .rows(&format!(
            "WITH RECURSIVE {} SELECT root, string_agg(member || ':' || t.tgname || ':' || t.xmin, ',' ORDER BY member, t.tgname), \
                    count(*) FILTER (WHERE t.tgname IN ('pg2duck_insert', 'pg2duck_update')) = 2 * count(DISTINCT member) \
                      AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = root) \
                      AND NOT EXISTS ({ONE_WAY} AND att.attrelid = root) \
             FROM tree LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = member AND t.tgenabled IN ('O', 'A') \
               AND t.tgname IN ('pg2duck_delete', 'pg2duck_truncate', 'zz_pg2duck_key', 'pg2duck_update', 'pg2duck_insert') \
             GROUP BY root HAVING count(DISTINCT member) FILTER (WHERE t.tgname = 'pg2duck_delete') = count(DISTINCT member)",
            tree(oids)
        ))
        .await?;
    let audit = |row| Ok((get::<Oid>(row, 0)?.0, AuditTriggers { fingerprint: get(row, 1)?, full: get(row, 2)? }));
    rows.iter().map(audit).collect()
}

/// What was recorded since, as a condition on the audit table `a`.
fn since_condition(since: &Since) -> String {
    format!(
        "a.xid >= '{}'::xid8 AND NOT pg_visible_in_snapshot(a.xid, {}::pg_snapshot)",
        since.xmin,
        literal(&since.snapshot)
    )
}

/// What was recorded of each of these tables since it was read.
pub async fn recorded(source: &mut Connection, tables: &[(u32, Since)]) -> Result<HashMap<u32, AuditSummary>> {
    if tables.is_empty() {
        return Ok(HashMap::new());
    }
    let oids: Vec<u32> = tables.iter().map(|(oid, _)| *oid).collect();
    let oldest = tables.iter().map(|(_, since)| since.xmin).min().unwrap_or_default();
    // Most tables stand at the same snapshot.
    let mut conditions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (oid, since) in tables {
        conditions.entry(since_condition(since)).or_default().push(oid.to_string());
    }
    let conditions =
        conditions.iter().map(|(condition, oids)| format!("tree.root IN ({}) AND {condition}", oids.join(", ")));
    let rows = source
        .rows(&format!(
            "WITH RECURSIVE {} \
             SELECT tree.root, bool_or(a.op = 'd'), bool_or(a.op IN ('t', 'x')), bool_or(a.op IN ('c', 'u', 'd')), \
                    bool_or(a.nested) \
             FROM pg2duck.audit a JOIN tree ON tree.member = a.relid \
             WHERE a.xid >= '{oldest}'::xid8 AND ({}) GROUP BY tree.root",
            tree(&oids),
            conditions.collect::<Vec<_>>().join(" OR ")
        ))
        .await?;
    let recorded = |row| {
        let facts =
            AuditSummary { deletes: get(row, 1)?, unknown: get(row, 2)?, anything: get(row, 3)?, nested: get(row, 4)? };
        Ok((get::<Oid>(row, 0)?.0, facts))
    };
    rows.iter().map(recorded).collect()
}

/// The query of keys that were deleted since then, read as the table's own key columns are.
pub fn deletes(relation: &Relation, since: &Since) -> String {
    let key: Vec<_> = relation.schema.key_columns().collect();
    let each = |text: &dyn Fn(usize, &str, &str) -> String, separator: &str| {
        let parts = key.iter().enumerate().map(|(at, column)| text(at, &column.name, &column.declared));
        parts.collect::<Vec<_>>().join(separator)
    };
    let read: Vec<String> = key
        .iter()
        .map(|column| column.read.sql(&format!("gone.{}", quote(&column.name)), relation.salt.reveal()))
        .collect();
    format!(
        "WITH RECURSIVE {tree}, \
           gone AS (SELECT DISTINCT {typed} FROM pg2duck.audit a, \
                      LATERAL ROWS FROM ({elements}) AS keys({names}) \
                    WHERE a.op = 'd' AND {since} AND a.relid IN (SELECT member FROM tree)) \
         SELECT {read}, '0'::xid FROM gone \
         WHERE NOT EXISTS (SELECT FROM {table} AS present WHERE {same})",
        tree = tree(&[relation.oid]),
        since = since_condition(since),
        typed = each(&|at, name, declared| format!("keys.k{at}::{declared} AS {}", quote(name)), ", "),
        elements = each(&|_, name, _| format!("jsonb_array_elements_text(a.keys -> {})", literal(name)), ", "),
        names = each(&|at, _, _| format!("k{at}"), ", "),
        read = read.join(", "),
        table = relation.name.quoted(),
        same = key.iter().map(|column| same(column)).collect::<Vec<_>>().join(" AND "),
    )
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
pub fn versions(relation: &Relation, since: &Since) -> String {
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
    format!(
        "WITH RECURSIVE {tree} \
         SELECT {read}, a.op::text, a.at, a.seq, {before}, '0'::xid FROM pg2duck.audit a, \
           LATERAL json_populate_record(NULL::{table}, coalesce(a.new, a.old)) AS version \
         WHERE {since} \
           AND a.op IN ('c', 'u', 'd') AND a.relid IN (SELECT member FROM tree) ORDER BY a.seq",
        tree = tree(&[relation.oid]),
        read = read.join(", "),
        table = relation.name.quoted(),
        since = since_condition(since),
    )
}

/// A common table expression of tables, their descendants and their ancestors: a statement is recorded under the relation
/// that it named.
fn tree(oids: &[u32]) -> String {
    let roots = oids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    format!(
        "below(root, member) AS (SELECT oid, oid FROM pg_catalog.pg_class WHERE oid IN ({roots}) \
           UNION SELECT root, i.inhrelid FROM below JOIN pg_catalog.pg_inherits i ON i.inhparent = member), \
         above(root, member) AS (SELECT oid, oid FROM pg_catalog.pg_class WHERE oid IN ({roots}) \
           UNION SELECT root, i.inhparent FROM above JOIN pg_catalog.pg_inherits i ON i.inhrelid = member), \
         tree(root, member) AS (SELECT root, member FROM below UNION SELECT root, member FROM above)"
    )
}

/// Removes what everybody has read or is too late for, where the role may; says whether it may.
pub async fn prune(source: &mut Connection) -> Result<bool> {
    let may = "SELECT coalesce(has_table_privilege(to_regclass('pg2duck.audit')::oid, 'DELETE'), false)";
    if !source.one::<bool>(may, 0).await? {
        return Ok(false);
    }
    source
        .execute(&format!(
            "BEGIN READ WRITE; DELETE FROM pg2duck.audit WHERE at < now() - interval '{RETENTION_DAYS} days'; COMMIT"
        ))
        .await?;
    Ok(true)
}
