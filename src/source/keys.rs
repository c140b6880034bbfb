//! Finding deleted rows without triggers: the source's side of comparing keys, range by range.
//!
//! A range whose digest is the lake's holds the same keys. Of the others the keys themselves are read; what the lake holds
//! beyond them is deleted, and if it lacks any, the next comparison reads these ranges' rows as well. All of it happens under the
//! cycle's snapshot, so it finds what every other change of the cycle agrees with.

use super::relation::Relation;
use crate::error::{Error, Kind, Result};
use crate::model::sql::{literal, quote};
use crate::model::{ColumnType, Digest, KeyRange, SourceColumn, TableSchema};

/// The source's digest of a range, as an expression; [`parse`] reads its value.
pub fn digest(relation: &Relation, range: &KeyRange) -> String {
    let schema = &relation.schema;
    let key: Vec<String> = schema.key_columns().map(|column| format!("{}::text", quote(&column.name))).collect();
    format!(
        "SELECT count(*) || ':' || coalesce(sum(('x' || substr(md5(concat_ws(chr(31), {})), 1, 15))::bit(60)::bigint), 0) \
         FROM {} WHERE {}",
        key.join(", "),
        relation.name.quoted(),
        condition(schema, range)
    )
}

/// The digest that the source answered.
///
/// # Errors
/// `Internal`: it is none.
pub fn parse(answer: Option<&str>) -> Result<Digest> {
    let parts = answer.and_then(|text| text.split_once(':'));
    let digest = parts.and_then(|(keys, sum)| Some(Digest { keys: keys.parse().ok()?, sum: sum.to_owned() }));
    digest.ok_or_else(|| Error::new(Kind::Internal, "compare keys: postgres answered no digest"))
}

/// The query of the keys in these ranges.
pub fn keys(relation: &Relation, ranges: &[KeyRange]) -> String {
    let read = |column: &SourceColumn| column.read.sql(&quote(&column.name), relation.salt.reveal());
    let key: Vec<String> = relation.schema.key_columns().map(read).collect();
    let within: Vec<String> = within(relation, ranges).collect();
    format!("SELECT {}, '0'::xid FROM {} WHERE {}", key.join(", "), relation.name.quoted(), within.join(" OR "))
}

/// The conditions on rows in these ranges, one for each.
pub fn within(relation: &Relation, ranges: &[KeyRange]) -> impl Iterator<Item = String> {
    ranges.iter().map(|range| format!("({})", condition(&relation.schema, range)))
}

/// The query whether more than one row has the key of a row that meets any of these conditions.
pub fn repeated(relation: &Relation, wanted: &[String]) -> String {
    // What becomes text in the lake is compared as such; for some of these types Postgres has no equality at all.
    let comparable = |column: &SourceColumn| match column.kind {
        ColumnType::Text => format!("{}::text", quote(&column.name)),
        _ => quote(&column.name),
    };
    let key: Vec<String> = relation.schema.key_columns().map(comparable).collect();
    let (key, table) = (key.join(", "), relation.name.quoted());
    format!(
        "SELECT EXISTS (SELECT FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {}) GROUP BY {key} HAVING count(*) > 1)",
        wanted.join(" OR ")
    )
}

fn condition(schema: &TableSchema, range: &KeyRange) -> String {
    let Some(first) = schema.range_column() else { return "true".into() };
    let (column, bytewise) = (quote(&first.name), first.kind == ColumnType::Text);
    // DuckDB orders texts by their bytes.
    let column = if bytewise { format!("{column}::text COLLATE \"C\"") } else { column };
    range.condition(&column, |value| format!("{}::{}", literal(value), if bytewise { "text" } else { &first.declared }))
}
