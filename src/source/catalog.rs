//! Reads the source's catalog: which tables are selected, and what they look like now.

use super::columns::CatalogColumn;
use super::connection::{Connection, get};
use super::pg_types;
use super::relation::RawRelation;
use crate::config::Selection;
use crate::error::Result;
use crate::model::sql::literal;
use crate::model::{RelationKind, TableName};
use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;
use std::collections::{BTreeSet, HashMap};

/// A table that the selection takes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    pub oid: u32,
    pub name: TableName,
    pub kind: RelationKind,
    /// The role may read which transaction wrote a row, and where it stands.
    pub reads_xmin: bool,
    /// The role may not read it at all.
    pub forbidden: bool,
}

/// The selected tables, by name, and the named ones that do not exist.
///
/// A wildcard takes in tables; views, foreign tables and single partitions must be named.
pub async fn select(source: &mut Connection, selection: &Selection) -> Result<(Vec<Selected>, Vec<TableName>)> {
    let rows = source
        .rows(&format!(
            "SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.relispartition, \
                    NOT (has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')), \
                    coalesce(am.amname, 'heap') <> 'heap' OR (c.relhassubclass AND EXISTS ( \
                      WITH RECURSIVE tree(member) AS (SELECT c.oid \
                        UNION SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.member) \
                      SELECT FROM tree JOIN pg_catalog.pg_class leaf ON leaf.oid = tree.member \
                        LEFT JOIN pg_catalog.pg_am ON pg_am.oid = leaf.relam \
                      WHERE leaf.relkind = 'f' OR coalesce(pg_am.amname, 'heap') <> 'heap')), \
                    c.relkind NOT IN ('r', 'p') OR (has_column_privilege(c.oid, (-1)::int2, 'SELECT') \
                                                    AND has_column_privilege(c.oid, (-2)::int2, 'SELECT')) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                  LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam AND c.relkind = 'r' \
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' \
               AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pg2duck') \
               AND {} \
             ORDER BY n.nspname, c.relname",
            candidates(selection)
        ))
        .await?;
    let mut missing: Vec<TableName> = selection.named().collect();
    let named = missing.clone();
    let mut selected = Vec::new();
    for row in &rows {
        let name = TableName::new(get::<String>(row, 1)?, get::<String>(row, 2)?);
        let kind = relation_kind(&get::<String>(row, 3)?);
        missing.retain(|wanted| *wanted != name);
        let by_name_only = !kind.has_xmin() || get::<bool>(row, 4)?;
        let (other_storage, reads_xmin): (bool, bool) = (get(row, 6)?, get(row, 7)?);
        // A foreign partition or another table access method: its rows do not tell which transaction wrote them.
        let kind = if other_storage { RelationKind::Other } else { kind };
        if selection.selects(&name) && (!by_name_only || named.contains(&name)) {
            selected.push(Selected { oid: get::<Oid>(row, 0)?.0, name, kind, reads_xmin, forbidden: get(row, 5)? });
        }
    }
    missing.retain(|name| selection.selects(name));
    Ok((selected, missing))
}

/// Where no pattern has a wildcard, the catalog has an index for the names.
fn candidates(selection: &Selection) -> String {
    let named: Vec<String> = selection.named().map(|name| literal(&name.table)).collect();
    if selection.names_all() { format!("c.relname IN ({})", named.join(", ")) } else { "true".into() }
}

fn relation_kind(relkind: &str) -> RelationKind {
    match relkind {
        "r" => RelationKind::Table,
        "p" => RelationKind::Partitioned,
        "v" => RelationKind::View,
        _ => RelationKind::Other,
    }
}

/// Describes these tables. One that vanished meanwhile is absent from the answer.
pub async fn describe(source: &mut Connection, tables: &[Selected]) -> Result<Vec<RawRelation>> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let oids = tables.iter().map(|table| table.oid.to_string()).collect::<Vec<_>>().join(",");
    let mut relations: HashMap<u32, RawRelation> = tables.iter().map(|table| (table.oid, empty(table))).collect();
    let rows = columns(source, &oids).await?;
    let used = rows.iter().map(|row| Ok(get::<Option<Oid>>(row, 3)?.map(|oid| oid.0))).collect::<Result<Vec<_>>>()?;
    let types = pg_types::read(source, used.into_iter().flatten()).await?;
    let mut parents = BTreeSet::new();
    for row in rows {
        let oid = get::<Oid>(&row, 0)?.0;
        let Some(relation) = relations.get_mut(&oid) else { continue };
        relation.storage = get(&row, 10)?;
        relation.pages = get::<i32>(&row, 11)?.max(0).unsigned_abs().into();
        if get(&row, 12)? {
            parents.insert(oid.to_string());
        }
        // A table may have none.
        if get::<Option<i16>>(&row, 1)?.is_none() {
            continue;
        }
        relation.columns.push(CatalogColumn {
            attnum: get(&row, 1)?,
            name: get(&row, 2)?,
            pg: types.resolve(get::<Oid>(&row, 3)?.0, get(&row, 4)?, get(&row, 9)?),
            not_null: get(&row, 5)?,
            has_missing: get(&row, 6)?,
            declared: get(&row, 7)?,
            readable: get(&row, 8)?,
        });
    }
    for row in keys(source, &oids).await? {
        if let Some(relation) = relations.get_mut(&get::<Oid>(&row, 0)?.0) {
            relation.discovered_key.get_or_insert(get(&row, 1)?);
        }
    }
    for row in leading(source, &oids).await? {
        if let Some(relation) = relations.get_mut(&get::<Oid>(&row, 0)?.0) {
            relation.leading.push(get(&row, 1)?);
        }
    }
    let parents = parents.into_iter().collect::<Vec<_>>().join(",");
    for row in if parents.is_empty() { Vec::new() } else { storage(source, &parents).await? } {
        if let Some(relation) = relations.get_mut(&get::<Oid>(&row, 0)?.0) {
            relation.storage = get(&row, 1)?;
            relation.members = get(&row, 3)?;
            relation.pages = get::<i64>(&row, 2)?.max(0).cast_unsigned();
        }
    }
    Ok(tables
        .iter()
        .filter_map(|table| relations.remove(&table.oid))
        .filter(|found| !found.storage.is_empty())
        .collect())
}

fn empty(table: &Selected) -> RawRelation {
    RawRelation {
        oid: table.oid,
        name: table.name.clone(),
        kind: table.kind,
        reads_xmin: table.reads_xmin,
        columns: Vec::new(),
        discovered_key: None,
        leading: Vec::new(),
        storage: String::new(),
        members: 1,
        pages: 0,
    }
}

/// Heap pages of the table's largest member, and its estimated rows.
pub async fn size(source: &mut Connection, oid: u32) -> Result<(u64, u64)> {
    let row = source
        .row("measure a table", &format!(
            "WITH RECURSIVE tree(member) AS ( \
               SELECT {oid}::oid UNION SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.member) \
             SELECT coalesce(max(pg_relation_size(c.oid)), 0) / current_setting('block_size')::int8, \
                    coalesce(sum(greatest(c.reltuples, 0)), 0)::int8 \
             FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.member WHERE c.relkind <> 'p'"
        ))
        .await?;
    Ok((get::<i64>(&row, 0)?.cast_unsigned(), get::<i64>(&row, 1)?.cast_unsigned()))
}

/// The columns, each with the storage of its table as [`storage`] would tell it of a table without descendants.
async fn columns(source: &mut Connection, oids: &str) -> Result<Vec<PgRow>> {
    source
        .rows(&format!(
            "SELECT c.oid, a.attnum, a.attname::text, a.atttypid, a.atttypmod, a.attnotnull, \
                    a.atthasmissing OR a.attgenerated = 'v' OR (c.relhassubclass AND EXISTS ( \
                      WITH RECURSIVE tree(member) AS (SELECT a.attrelid \
                        UNION SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.member) \
                      SELECT FROM tree JOIN pg_catalog.pg_attribute leaf ON leaf.attrelid = tree.member \
                      WHERE leaf.attname = a.attname AND leaf.atthasmissing)), \
                    pg_catalog.format_type(a.atttypid, a.atttypmod), has_column_privilege(a.attrelid, a.attnum, 'SELECT'), \
                    a.attndims::int4, \
                    md5(c.oid || ':' || coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)), c.relpages, c.relhassubclass \
             FROM pg_catalog.pg_class c \
               LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE c.oid IN ({oids}) ORDER BY c.oid, a.attnum"
        ))
        .await
}

/// Primary keys first, then the replica identity, then the narrowest unique index on NOT NULL columns.
async fn keys(source: &mut Connection, oids: &str) -> Result<Vec<PgRow>> {
    source
        .rows(&format!(
            "SELECT i.indrelid, array_agg(a.attname::text ORDER BY k.position) \
             FROM pg_catalog.pg_index i, \
                  LATERAL unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY k(attnum, position), \
                  pg_catalog.pg_attribute a \
             WHERE i.indrelid IN ({oids}) AND i.indisunique AND i.indisvalid AND i.indimmediate \
               AND i.indpred IS NULL AND a.attrelid = i.indrelid AND a.attnum = k.attnum \
             GROUP BY i.indexrelid, i.indrelid, i.indisprimary, i.indisreplident, i.indnkeyatts \
             HAVING bool_and(a.attnotnull) AND count(*) = i.indnkeyatts \
             ORDER BY i.indrelid, i.indisprimary DESC, i.indisreplident DESC, i.indnkeyatts, i.indexrelid"
        ))
        .await
}

/// The file nodes of the table and all its descendants, as one fingerprint. They are those of this moment, whatever the
/// snapshot.
async fn storage(source: &mut Connection, oids: &str) -> Result<Vec<PgRow>> {
    source
        .rows(&format!(
            "WITH RECURSIVE tree(root, member) AS ( \
               SELECT oid, oid FROM pg_catalog.pg_class WHERE oid IN ({oids}) \
               UNION SELECT tree.root, i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.member) \
             SELECT root, md5(string_agg(member || ':' || coalesce(pg_catalog.pg_relation_filenode(member), 0), ',' \
                                         ORDER BY member)), sum(c.relpages), count(*) \
             FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.member GROUP BY root"
        ))
        .await
}

/// Columns that lead an index: a range of their values need not read the whole table.
async fn leading(source: &mut Connection, oids: &str) -> Result<Vec<PgRow>> {
    source
        .rows(&format!(
            "SELECT DISTINCT i.indrelid, a.attname::text FROM pg_catalog.pg_index i \
               JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
             WHERE i.indrelid IN ({oids}) AND i.indisvalid AND i.indpred IS NULL"
        ))
        .await
}

/// What tells each of these relations from itself before or after any DDL: its own columns, and the files of it and all its
/// descendants. Of this moment; inside a transaction the columns are those of its snapshot.
pub async fn fingerprints(source: &mut Connection, oids: &[u32]) -> Result<HashMap<u32, String>> {
    if oids.is_empty() {
        return Ok(HashMap::new());
    }
    let oids = oids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let rows = source
        .rows(&format!(
            "WITH RECURSIVE tree(root, member) AS ( \
               SELECT oid, oid FROM pg_catalog.pg_class WHERE oid IN ({oids}) \
               UNION SELECT tree.root, i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.member), \
             files AS (SELECT root, string_agg(member || ':' || coalesce(pg_catalog.pg_relation_filenode(member), 0), ',' \
                                               ORDER BY member) AS text FROM tree GROUP BY root), \
             columns AS (SELECT attrelid, string_agg(concat_ws(':', attnum, attname, atttypid, atttypmod, attisdropped, \
                                                               attgenerated, atthasmissing), ',' ORDER BY attnum) AS text \
                         FROM pg_catalog.pg_attribute WHERE attrelid IN ({oids}) AND attnum > 0 GROUP BY attrelid) \
             SELECT files.root, md5(concat_ws('/', n.nspname, c.relname, files.text, columns.text)) \
             FROM files JOIN pg_catalog.pg_class c ON c.oid = files.root \
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN columns ON columns.attrelid = files.root"
        ))
        .await?;
    rows.iter().map(|row| Ok((get::<Oid>(row, 0)?.0, get(row, 1)?))).collect()
}
