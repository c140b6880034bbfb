//! Finding deleted rows without triggers: the source's side of comparing keys, range by range.
//!
//! A range whose digest is the lake's holds the same keys. Of the others the keys themselves are read; what the lake holds
//! beyond them is deleted. All of it happens under the cycle's snapshot, so it finds what every other change of the cycle
//! agrees with.

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
    let within: Vec<String> = ranges.iter().map(|range| format!("({})", condition(&relation.schema, range))).collect();
    format!("SELECT {}, '0'::xid FROM {} WHERE {}", key.join(", "), relation.name.quoted(), within.join(" OR "))
}

fn condition(schema: &TableSchema, range: &KeyRange) -> String {
    let Some(first) = schema.range_column() else { return "true".into() };
    let (column, bytewise) = (quote(&first.name), first.kind == ColumnType::Text);
    // DuckDB orders texts by their bytes.
    let column = if bytewise { format!("{column}::text COLLATE \"C\"") } else { column };
    range.condition(&column, |value| format!("{}::{}", literal(value), if bytewise { "text" } else { &first.declared }))
}
