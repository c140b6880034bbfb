//! Finding deleted rows without triggers: the source's side of comparing keys, range by range.
//!
//! A range whose digest is the lake's holds the same keys. Of the others the keys themselves are read; what the lake holds
//! beyond them is deleted. All of it happens under the cycle's snapshot, so it finds what every other change of the cycle
//! agrees with.

use super::columns::SourceColumn;
use super::connect::{Connection, get};
use super::relation::Relation;
use crate::error::Result;
use crate::frame::{ColumnType, Read};
use crate::names::{literal, quote};
use crate::state::Layout;
use serde::{Deserialize, Serialize};

/// Values of the first key column: from the first bound on, up to before the second. All keys where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    pub from: Option<String>,
    pub to: Option<String>,
}

/// How many keys a range holds, and the sum of their hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    pub keys: i64,
    /// A decimal number, wider than any integer type that both databases have.
    pub sum: String,
}

impl Range {
    /// The range as a condition on `column`; `bound` writes a bound in the database's own way.
    pub fn condition(&self, column: &str, bound: impl Fn(&String) -> String) -> String {
        let from = self.from.as_ref().map(|from| format!("{column} >= {}", bound(from)));
        let to = self.to.as_ref().map(|to| format!("{column} < {}", bound(to)));
        let parts: Vec<String> = from.into_iter().chain(to).collect();
        if parts.is_empty() { "true".into() } else { parts.join(" AND ") }
    }
}

impl Layout {
    /// The key's columns, in key order.
    pub fn key_columns(&self) -> impl Iterator<Item = &SourceColumn> {
        self.key.iter().filter_map(|name| self.columns.iter().find(|column| column.name == *name))
    }

    /// The first key column, where both databases order its values alike.
    pub fn range_column(&self) -> Option<&SourceColumn> {
        let first = self.key_columns().next()?;
        let is_text = ["text", "character varying", "name"].iter().any(|name| first.declared.starts_with(name));
        let ordered = match &first.kind {
            ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Oid | ColumnType::Uuid => true,
            ColumnType::Text => is_text,
            _ => false,
        };
        (ordered && first.read == Read::AsIs).then_some(first)
    }
}

/// The source's digest of a range.
pub async fn digest(source: &mut Connection, relation: &Relation, layout: &Layout, range: &Range) -> Result<Digest> {
    let key: Vec<String> = relation.key_columns().map(|column| format!("{}::text", quote(&column.name))).collect();
    let rows = source
        .rows(&format!(
            "SELECT count(*), coalesce(sum(('x' || substr(md5(concat_ws(chr(31), {})), 1, 15))::bit(60)::bigint), 0)::text \
             FROM {} WHERE {}",
            key.join(", "),
            relation.name.quoted(),
            condition(layout, range)
        ))
        .await?;
    match rows.first() {
        Some(row) => Ok(Digest { keys: get(row, 0)?, sum: get(row, 1)? }),
        None => Ok(Digest { keys: 0, sum: "0".into() }),
    }
}

/// The COPY of the keys in these ranges.
pub fn copy(relation: &Relation, layout: &Layout, ranges: &[Range]) -> String {
    let read = |column: &SourceColumn| column.read.sql(&quote(&column.name), relation.salt.reveal());
    let key: Vec<String> = relation.key_columns().map(read).collect();
    let within: Vec<String> = ranges.iter().map(|range| format!("({})", condition(layout, range))).collect();
    format!(
        "COPY (SELECT {}, '0'::xid FROM {} WHERE {}) TO STDOUT (FORMAT binary)",
        key.join(", "),
        relation.name.quoted(),
        within.join(" OR ")
    )
}

fn condition(layout: &Layout, range: &Range) -> String {
    let Some(first) = layout.range_column() else { return "true".into() };
    let (column, bytewise) = (quote(&first.name), first.kind == ColumnType::Text);
    // DuckDB orders texts by their bytes.
    let column = if bytewise { format!("{column}::text COLLATE \"C\"") } else { column };
    range.condition(&column, |value| format!("{}::{}", literal(value), if bytewise { "text" } else { &first.declared }))
}
