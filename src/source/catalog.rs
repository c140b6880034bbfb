//! Reads the source's catalog: which tables are selected, and what they look like now.
//!
//! Nothing here waits for a table's lock, but for [`size`]; each fact of all tables is one query (`sql/`), however many they are.

use super::columns::CatalogColumn;
use super::connection::Connection;
use super::pg_types::{self, Types};
use super::relation::RawRelation;
use super::rows::{self, row};
use super::sql::{Template, Value, template};
use crate::config::Selection;
use crate::error::Result;
use crate::model::{PartColumn, RelationKind, TableName};
use sqlx::postgres::types::Oid;
use std::collections::{HashMap, HashSet};

const SELECT: Template = template!("select");
const COLUMNS: Template = template!("columns");
const INDEXES: Template = template!("indexes");
const STORAGE: Template = template!("storage");
const SIZE: Template = template!("size");
const FINGERPRINTS: Template = template!("fingerprints");
const THERE: Template = template!("there");
const PARTS: Template = template!("parts");

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

row! {
    struct SelectRow {
        oid: Oid,
        schema: String,
        name: String,
        kind: String,
        is_partition: bool,
        may_read: Option<bool>,
        other_storage: bool,
        reads_xmin: bool,
    }
}

/// The selected tables, by name, and the named ones that do not exist.
///
/// A wildcard takes in tables; views, foreign tables and single partitions must be named.
pub async fn select(source: &mut Connection, selection: &Selection) -> Result<(Vec<Selected>, Vec<TableName>)> {
    let named: HashSet<TableName> = selection.named().collect();
    let names: Vec<&str> = named.iter().map(|name| name.table.as_str()).collect();
    // Where no pattern has a wildcard, the catalog has an index for the names.
    let values = [("named", Value::Texts(&names)), ("wildcard", Value::Bool(!selection.names_all()))];
    let mut found = HashSet::new();
    let mut selected = Vec::new();
    for row in rows::all::<SelectRow>(source, &SELECT.fill(&values)?).await? {
        // Dropped at this moment.
        let Some(may_read) = row.may_read else { continue };
        let name = TableName::new(row.schema, row.name);
        let kind = relation_kind(&row.kind);
        let by_name_only = !kind.has_xmin() || row.is_partition;
        if selection.selects(&name) && (!by_name_only || named.contains(&name)) {
            // A foreign partition or another table access method: its rows do not tell which transaction wrote them.
            let kind = if row.other_storage { RelationKind::Other } else { kind };
            let (oid, reads_xmin) = (row.oid.0, row.reads_xmin);
            selected.push(Selected { oid, name: name.clone(), kind, reads_xmin, forbidden: !may_read });
        }
        found.insert(name);
    }
    let missing = selection.named().filter(|name| selection.selects(name) && !found.contains(name)).collect();
    Ok((selected, missing))
}

fn relation_kind(relkind: &str) -> RelationKind {
    match relkind {
        "r" => RelationKind::Table,
        "p" => RelationKind::Partitioned,
        "v" => RelationKind::View,
        _ => RelationKind::Other,
    }
}

row! {
    struct ColumnRow {
        oid: Oid,
        attnum: i16,
        name: String,
        type_oid: Oid,
        typmod: i32,
        dimensions: i32,
        not_null: bool,
        has_missing: bool,
        expression: Option<String>,
        declared: String,
        readable: bool,
    }
}

row! {
    struct IndexRow {
        oid: Oid,
        attnums: Vec<i16>,
        width: i16,
        is_unique: bool,
    }
}

row! {
    struct StorageRow {
        oid: Oid,
        fingerprint: String,
        unlogged: bool,
        members: i64,
        pages: i64,
    }
}

/// Describes these tables. One that vanished meanwhile is absent from the answer.
pub async fn describe(source: &mut Connection, tables: &[Selected]) -> Result<Vec<RawRelation>> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let values = [("oids", Value::Oids(&oids))];
    let columns: Vec<ColumnRow> = rows::all(source, &COLUMNS.fill(&values)?).await?;
    let types = pg_types::read(source, columns.iter().map(|column| column.type_oid.0)).await?;
    let indexes: Vec<IndexRow> = rows::all(source, &INDEXES.fill(&values)?).await?;
    let storage: Vec<StorageRow> = rows::all(source, &STORAGE.fill(&values)?).await?;
    let (mut columns, mut indexes) = (by_oid(columns, |row| row.oid), by_oid(indexes, |row| row.oid));
    let mut storage = by_oid(storage, |row| row.oid);
    let described = tables.iter().filter_map(|table| {
        let storage = storage.remove(&table.oid)?.pop()?;
        // A table may have no columns.
        let columns = columns.remove(&table.oid).unwrap_or_default();
        Some(describe_one(table, &types, columns, &indexes.remove(&table.oid).unwrap_or_default(), storage))
    });
    Ok(described.collect())
}

fn by_oid<T>(rows: Vec<T>, oid: impl Fn(&T) -> Oid) -> HashMap<u32, Vec<T>> {
    let mut sorted: HashMap<u32, Vec<T>> = HashMap::new();
    for row in rows {
        sorted.entry(oid(&row).0).or_default().push(row);
    }
    sorted
}

fn describe_one(
    table: &Selected,
    types: &Types,
    mut columns: Vec<ColumnRow>,
    indexes: &[IndexRow],
    storage: StorageRow,
) -> RawRelation {
    columns.sort_by_key(|column| column.attnum);
    let leading = indexes.iter().filter_map(|index| column_of(&columns, *index.attnums.first()?));
    RawRelation {
        oid: table.oid,
        name: table.name.clone(),
        kind: table.kind,
        reads_xmin: table.reads_xmin,
        discovered_key: indexes.iter().find_map(|index| key(&columns, index)),
        leading: leading.map(|column| column.name.clone()).collect(),
        columns: columns
            .into_iter()
            .map(|row| CatalogColumn {
                attnum: row.attnum,
                name: row.name,
                pg: types.resolve(row.type_oid.0, row.typmod, row.dimensions),
                not_null: row.not_null,
                has_missing: row.has_missing,
                expression: row.expression,
                declared: row.declared,
                readable: row.readable,
            })
            .collect(),
        storage: storage.fingerprint,
        unlogged: storage.unlogged,
        members: storage.members,
        pages: storage.pages.max(0).unsigned_abs(),
    }
}

fn column_of(columns: &[ColumnRow], attnum: i16) -> Option<&ColumnRow> {
    columns.iter().find(|column| column.attnum == attnum)
}

/// The columns by which an index tells any two rows apart, if it does.
fn key(columns: &[ColumnRow], index: &IndexRow) -> Option<Vec<String>> {
    // The rest is only carried along.
    let attnums = index.attnums.iter().take(index.width.unsigned_abs().into()).filter(|_| index.is_unique);
    let key = attnums.map(|attnum| Some(column_of(columns, *attnum).filter(|column| column.not_null)?.name.clone()));
    key.collect::<Option<Vec<_>>>().filter(|key| !key.is_empty())
}

row! {
    struct SizeRow {
        pages: i64,
        rows: i64,
    }
}

/// Heap pages of the table's largest part, and its estimated rows.
pub async fn size(source: &mut Connection, oid: u32) -> Result<(u64, u64)> {
    let sql = SIZE.fill(&[("oids", Value::Oids(&[oid]))])?;
    let SizeRow { pages, rows } = rows::one(source, "measure a table", &sql).await?;
    Ok((pages.unsigned_abs(), rows.unsigned_abs()))
}

row! {
    struct FingerprintRow {
        oid: Oid,
        schema: String,
        name: String,
        fingerprint: String,
    }
}

/// What tells each of these relations from itself before or after any DDL: its own columns, and the files of it and of all below
/// it. Of this moment; inside a transaction the columns are those of its snapshot. None for what is gone or has another name: relations are
/// read by name.
pub async fn fingerprints<'s>(
    source: &mut Connection,
    selected: impl Iterator<Item = &'s Selected>,
) -> Result<HashMap<u32, String>> {
    let names: HashMap<u32, &TableName> = selected.map(|own| (own.oid, &own.name)).collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let oids: Vec<u32> = names.keys().copied().collect();
    let rows: Vec<FingerprintRow> = rows::all(source, &FINGERPRINTS.fill(&[("oids", Value::Oids(&oids))])?).await?;
    let has_its_name = |row: &FingerprintRow| {
        names.get(&row.oid.0).is_some_and(|own| (own.schema.as_str(), own.table.as_str()) == (&row.schema, &row.name))
    };
    Ok(rows.into_iter().filter(has_its_name).map(|row| (row.oid.0, row.fingerprint)).collect())
}

row! {
    struct ThereRow {
        schema: String,
        name: String,
    }
}

/// Which of these names are relations of the source, selected or not.
pub async fn there(source: &mut Connection, names: &[TableName]) -> Result<HashSet<TableName>> {
    let schemas: Vec<&str> = names.iter().map(|name| name.schema.as_str()).collect();
    let tables: Vec<&str> = names.iter().map(|name| name.table.as_str()).collect();
    let sql = THERE.fill(&[("schemas", Value::Texts(&schemas)), ("names", Value::Texts(&tables))])?;
    let rows: Vec<ThereRow> = rows::all(source, &sql).await?;
    Ok(rows.into_iter().map(|row| TableName::new(row.schema, row.name)).collect())
}

row! {
    struct PartRow {
        root: Oid,
        member: Oid,
        attnum: Option<i16>,
        name: Option<String>,
    }
}

/// The partitions of these tables, each with those of its columns that have one of these names.
pub async fn parts(source: &mut Connection, oids: &[u32], names: &[&str]) -> Result<Vec<PartColumn>> {
    let sql = PARTS.fill(&[("oids", Value::Oids(oids)), ("names", Value::Texts(names))])?;
    let rows: Vec<PartRow> = rows::all(source, &sql).await?;
    let part = |row: PartRow| PartColumn { root: row.root.0, member: row.member.0, column: row.attnum.zip(row.name) };
    Ok(rows.into_iter().map(part).collect())
}
