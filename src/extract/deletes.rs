//! Deletes that triggers recorded in `pg2duck.audit` (`pg2duck setup` installs them).
//!
//! A recorded delete carries the transaction's 64-bit id, so the fence's `xmin` bounds what has to be read, whatever the
//! clocks say. A key that stands in the table under the same snapshot is not deleted: it was inserted again, or the delete is
//! an older one that was read before.

use super::connect::{Connection, get};
use super::relation::Relation;
use crate::error::Result;
use crate::names::{literal, quote};
use sqlx::postgres::types::Oid;
use std::collections::HashMap;

/// How long recorded changes are kept for those that read them. Whoever was away for longer copies its tables afresh.
pub const RETENTION_DAYS: i64 = 7;

/// What the audit table has to tell of one table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Rows were deleted, or their keys changed.
    pub deletes: bool,
    /// Which ones is not known: TRUNCATE, or a trigger older than its table's key.
    pub unknown: bool,
}

/// The tables among `oids` whose every member records its deletes, each with a fingerprint that changes when a trigger is
/// made anew, dropped, disabled or enabled. None where the audit table is missing or may not be read.
pub async fn coverage(source: &mut Connection, oids: &[u32]) -> Result<HashMap<u32, String>> {
    let may_read = "SELECT coalesce(has_schema_privilege(to_regnamespace('pg2duck')::oid, 'USAGE'), false) \
                    AND coalesce(has_table_privilege(to_regclass('pg2duck.audit')::oid, 'SELECT'), false)";
    if oids.is_empty() || !source.one::<bool>(may_read, 0).await? {
        return Ok(HashMap::new());
    }
    let rows = source
        .rows(&format!(
            "WITH RECURSIVE {} SELECT root, string_agg(member || ':' || t.tgname || ':' || t.xmin, ',' ORDER BY member, t.tgname) \
             FROM tree LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = member AND t.tgenabled IN ('O', 'A') \
               AND t.tgname IN ('pg2duck_delete', 'pg2duck_truncate', 'zz_pg2duck_key', 'pg2duck_update', 'pg2duck_insert') \
             GROUP BY root HAVING count(DISTINCT member) FILTER (WHERE t.tgname = 'pg2duck_delete') = count(DISTINCT member)",
            tree(oids)
        ))
        .await?;
    rows.iter().map(|row| Ok((get::<Oid>(row, 0)?.0, get(row, 1)?))).collect()
}

/// What was recorded of each of these tables since the transaction that stands beside it.
pub async fn recorded(source: &mut Connection, tables: &[(u32, u64)]) -> Result<HashMap<u32, Recorded>> {
    if tables.is_empty() {
        return Ok(HashMap::new());
    }
    let since: Vec<String> = tables.iter().map(|(oid, xmin)| format!("({oid}::oid, '{xmin}'::xid8)")).collect();
    let oids: Vec<u32> = tables.iter().map(|(oid, _)| *oid).collect();
    let rows = source
        .rows(&format!(
            "WITH RECURSIVE {}, since(root, xid) AS (VALUES {}) \
             SELECT tree.root, bool_or(a.op = 'd'), bool_or(a.op IN ('t', 'x')) \
             FROM pg2duck.audit a JOIN tree ON tree.member = a.relid JOIN since ON since.root = tree.root AND a.xid >= since.xid \
             WHERE a.xid >= (SELECT min(xid::text::numeric)::text::xid8 FROM since) GROUP BY tree.root",
            tree(&oids),
            since.join(", ")
        ))
        .await?;
    let recorded = |row| Ok((get::<Oid>(row, 0)?.0, Recorded { deletes: get(row, 1)?, unknown: get(row, 2)? }));
    rows.iter().map(recorded).collect()
}

/// The COPY of keys that were deleted since the transaction `since`, read as the table's own key columns are.
pub fn copy(relation: &Relation, since: u64) -> String {
    let key: Vec<_> = relation.key_columns().collect();
    let each = |text: &dyn Fn(usize, &str, &str) -> String, separator: &str| {
        let parts = key.iter().enumerate().map(|(at, column)| text(at, &column.name, &column.declared));
        parts.collect::<Vec<_>>().join(separator)
    };
    let read: Vec<String> = key
        .iter()
        .map(|column| column.read.sql(&format!("gone.{}", quote(&column.name)), relation.salt.reveal()))
        .collect();
    format!(
        "COPY (WITH RECURSIVE {tree}, \
           gone AS (SELECT DISTINCT {typed} FROM pg2duck.audit a, \
                      LATERAL ROWS FROM ({elements}) AS keys({names}) \
                    WHERE a.op = 'd' AND a.xid >= '{since}'::xid8 AND a.relid IN (SELECT member FROM tree)) \
         SELECT {read}, '0'::xid FROM gone \
         WHERE NOT EXISTS (SELECT FROM {table} AS present WHERE {same})) TO STDOUT (FORMAT binary)",
        tree = tree(&[relation.oid]),
        typed = each(&|at, name, declared| format!("keys.k{at}::{declared} AS {}", quote(name)), ", "),
        elements = each(&|_, name, _| format!("jsonb_array_elements_text(a.keys -> {})", literal(name)), ", "),
        names = each(&|at, _, _| format!("k{at}"), ", "),
        read = read.join(", "),
        table = relation.name.quoted(),
        same = each(&|_, name, _| format!("present.{0} = gone.{0}", quote(name)), " AND "),
    )
}

/// A common table expression of tables and all their descendants.
fn tree(oids: &[u32]) -> String {
    let roots = oids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    format!(
        "tree(root, member) AS (SELECT oid, oid FROM pg_catalog.pg_class WHERE oid IN ({roots}) \
           UNION SELECT tree.root, i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.member)"
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
