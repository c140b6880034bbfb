//! The queries of what stood in rows that triggers recorded: every version of them, or the last of each that is gone.
//!
//! A recorded row has the names and spellings of its moment, so it is read by the shape that its table had then ([`super::shapes`]).

use super::audit::{same, since_condition};
use super::relation::Relation;
use super::sql::with_members;
use crate::decode::types::oid;
use crate::error::Result;
use crate::model::sql::{literal, quote};
use crate::model::{ColumnType, Read, Since, SourceColumn, TableSchema};

/// Which of a table's recorded rows are read.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    pub since: &'a Since,
    /// Relations that may have been this table or a part of it until they were dropped.
    pub former: &'a [u32],
    /// The first and the last, by number; all of them for `None`.
    pub between: Option<(i64, i64)>,
    /// The shape that the table had, where it is not the present one.
    pub shape: Option<&'a TableSchema>,
}

impl Recorded<'_> {
    /// Every version, in the order of writing.
    ///
    /// # Errors
    /// `Internal`: a defect.
    pub fn every(&self, relation: &Relation) -> Result<String> {
        let rows = format!(
            "SELECT a.op, a.at, a.seq, a.xid, a.old, coalesce(a.new, a.old) AS image FROM pg2duck.audit AS a \
             WHERE a.op IN ('c', 'u', 'd') AND {} OFFSET 0",
            self.condition()
        );
        self.select(relation, &rows, "")
    }

    /// What rows that are gone were, by the last that was recorded of each. `unseen`: some may have gone without a trace (TRUNCATE, a
    /// partition that was dropped), so the last that was done to a row need not be a delete.
    ///
    /// # Errors
    /// `Internal`: a defect.
    pub fn last(&self, relation: &Relation, unseen: bool) -> Result<String> {
        let key = comparable_key(&relation.schema, self.schema(relation));
        // Where keys are printed otherwise by now, a row that still stands there would be taken for one that is gone.
        let comparable = key.iter().all(|(now, then)| prints_alike(then, now));
        let ops = if unseen && comparable { "'c', 'u', 'd'" } else { "'d'" };
        let rows = format!(
            "SELECT DISTINCT ON (coalesce(a.keys, to_jsonb(a.seq))) 'd' AS op, a.at, a.seq, a.xid, a.old, coalesce(a.new, a.old) AS image \
             FROM pg2duck.audit AS a WHERE a.op IN ({ops}) AND {} ORDER BY coalesce(a.keys, to_jsonb(a.seq)), a.seq DESC",
            self.condition()
        );
        // Where nothing tells whether a row still stands there, none is said to be gone.
        let gone = match key.is_empty() {
            true => " WHERE false".to_owned(),
            false => {
                let same: Vec<String> = key.iter().map(|(now, then)| same(now, "version", then)).collect();
                let table = relation.name.quoted();
                format!(" WHERE NOT EXISTS (SELECT FROM {table} AS present WHERE {})", same.join(" AND "))
            }
        };
        self.select(relation, &rows, &gone)
    }

    fn schema<'b>(&'b self, relation: &'b Relation) -> &'b TableSchema {
        self.shape.unwrap_or(&relation.schema)
    }

    fn condition(&self) -> String {
        let between = self.between.map(|(first, last)| format!(" AND a.seq BETWEEN {first} AND {last}"));
        format!(
            "{} AND a.relid IN (SELECT member FROM members) AND coalesce(a.new, a.old) IS NOT NULL{}",
            since_condition(self.since),
            between.unwrap_or_default()
        )
    }

    /// Rows are found first and read then: another table's would not fit.
    fn select(&self, relation: &Relation, rows: &str, gone: &str) -> Result<String> {
        let schema = self.schema(relation);
        let salt = relation.salt.reveal();
        let read = |column: &SourceColumn| column.read.sql(&format!("version.{}", quote(&column.name)), salt);
        let read: Vec<String> = schema.columns.iter().map(read).collect();
        let version = match self.shape {
            None => format!("json_populate_record(NULL::{}, a.image) AS version", relation.name.quoted()),
            Some(shape) => {
                let columns =
                    shape.columns.iter().map(|column| format!("{} {}", quote(&column.name), spelling(column)));
                format!("json_to_record(a.image) AS version({})", columns.collect::<Vec<_>>().join(", "))
            }
        };
        let version = with_json_nulls(schema, version);
        Ok(format!(
            "{with} SELECT {read}, a.op::text, a.at, a.seq, a.xid::text::bigint, {before}, '0'::xid \
             FROM ({rows}) AS a, LATERAL {version}{gone} ORDER BY a.seq",
            with = with_members(relation.oid, self.former)?,
            read = read.join(", "),
            before = before(schema),
        ))
    }
}

/// A JSON `null` reads as NULL, which no column of a key is.
fn with_json_nulls(schema: &TableSchema, version: String) -> String {
    let is_json = |column: &SourceColumn| matches!(column.type_oid, oid::JSON | oid::JSONB);
    if !schema.key_columns().any(is_json) {
        return version;
    }
    let columns = schema.columns.iter().map(|column| {
        let name = quote(&column.name);
        match schema.key.contains(&column.name) && is_json(column) {
            true => format!("coalesce(version.{name}, 'null') AS {name}"),
            false => format!("version.{name}"),
        }
    });
    format!("(SELECT {} FROM {version}) AS version", columns.collect::<Vec<_>>().join(", "))
}

/// The columns of now, and those of then, by which a row of then is found among those of now: the key of then, else that of now.
fn comparable_key<'a>(now: &'a TableSchema, then: &'a TableSchema) -> Vec<(&'a SourceColumn, &'a SourceColumn)> {
    let same = |a: &SourceColumn, b: &SourceColumn| match now.relation == then.relation {
        true => a.attnum == b.attnum,
        false => a.name == b.name,
    };
    let in_now = |key: &'a SourceColumn| Some((now.columns.iter().find(|own| same(own, key))?, key));
    let in_then = |key: &'a SourceColumn| Some((key, then.columns.iter().find(|own| same(own, key))?));
    let by_then: Option<Vec<_>> = then.key_columns().map(in_now).collect();
    by_then.or_else(|| now.key_columns().map(in_then).collect()).unwrap_or_default()
}

/// Whether values of a column print the same although its type was changed.
fn prints_alike(then: &SourceColumn, now: &SourceColumn) -> bool {
    let is_text = |column: &SourceColumn| matches!(column.type_oid, oid::TEXT | oid::VARCHAR);
    let is_integer =
        |column: &SourceColumn| matches!(column.kind, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8);
    then.declared == now.declared
        || (is_integer(then) && (is_integer(now) || is_text(now)))
        || (is_text(then) && is_text(now))
        || (then.kind == ColumnType::Uuid && is_text(now))
}

/// The row as it was before, without what must not leave the source.
fn before(schema: &TableSchema) -> String {
    let masked = schema.columns.iter().filter(|column| column.is_masked()).map(|column| &column.name);
    let hidden = masked.chain(schema.left_out.iter().map(|column| &column.name));
    let hidden: Vec<String> = hidden.map(|name| literal(name)).collect();
    match hidden.is_empty() {
        true => "a.old".into(),
        false => format!("(a.old::jsonb - ARRAY[{}]::text[])::json", hidden.join(", ")),
    }
}

/// The type under which a column's text is taken in. What travels as text is taken as it was printed: the labels of an enum may be
/// others by now.
fn spelling(column: &SourceColumn) -> &str {
    if column.kind == ColumnType::Text && column.read == Read::AsIs { "text" } else { &column.declared }
}
