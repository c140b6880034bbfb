//! How a column's values travel and what they become: the wire form that is decoded, the Parquet column, the lake's type.
//!
//! Which Postgres type becomes which of these is decided in [`super::types`].

use super::Column;
use crate::names::{literal, quote};
use serde::{Deserialize, Serialize};

/// The type of one column, named after the binary form in which it arrives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    Bool,
    Int2,
    Int4,
    Int8,
    /// Unsigned 32-bit object identifier, kept as BIGINT.
    Oid,
    Float4,
    Float8,
    /// A `numeric` that DuckDB's DECIMAL holds exactly.
    Decimal {
        precision: u8,
        scale: u8,
    },
    /// Any other `numeric`: the nearest double.
    NumericDouble,
    Text,
    Bytes,
    /// Travels as its 16 bytes, as Parquet's own UUID does.
    Uuid,
    Date,
    Timestamp,
    TimestampTz,
    /// Travels as text: neither Polars nor Parquet has `24:00:00`, which Postgres and DuckDB do.
    Time,
    /// Travels as text: Parquet has no time of day with an offset.
    TimeTz,
    /// Months, days and microseconds, kept apart.
    Interval,
    Json,
    Jsonb,
    /// `inet` and `cidr`, as Postgres prints them.
    Inet,
    /// An array; every value has as many dimensions as were declared, or none.
    List {
        item: Box<ColumnType>,
        dimensions: u8,
    },
    /// A composite type's attributes.
    Struct(Vec<Column>),
}

impl ColumnType {
    /// A one-dimensional list.
    pub fn list(item: Self) -> Self {
        Self::List { item: Box::new(item), dimensions: 1 }
    }

    /// The DuckDB type of the lake column, as DuckDB spells it.
    pub fn lake_type(&self) -> String {
        match self {
            Self::Bool => "BOOLEAN".into(),
            Self::Int2 => "SMALLINT".into(),
            Self::Int4 => "INTEGER".into(),
            Self::Int8 | Self::Oid => "BIGINT".into(),
            Self::Float4 => "FLOAT".into(),
            Self::Float8 | Self::NumericDouble => "DOUBLE".into(),
            Self::Decimal { precision, scale } => format!("DECIMAL({precision},{scale})"),
            Self::Text | Self::Inet => "VARCHAR".into(),
            Self::Bytes => "BLOB".into(),
            Self::Uuid => "UUID".into(),
            Self::Date => "DATE".into(),
            Self::Timestamp => "TIMESTAMP".into(),
            Self::TimestampTz => "TIMESTAMP WITH TIME ZONE".into(),
            Self::Time => "TIME".into(),
            Self::TimeTz => "TIME WITH TIME ZONE".into(),
            Self::Interval => "INTERVAL".into(),
            Self::Json | Self::Jsonb => "JSON".into(),
            Self::List { item, dimensions } => format!("{}{}", item.lake_type(), "[]".repeat((*dimensions).into())),
            Self::Struct(fields) => {
                let fields = fields.iter().map(|field| format!("{} {}", quote(&field.name), field.kind.lake_type()));
                format!("STRUCT({})", fields.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// The Parquet type that other readers see, for the documentation.
    pub fn parquet_type(&self) -> String {
        match self {
            Self::Bool => "boolean".into(),
            Self::Int2 => "int32 (16 bits)".into(),
            Self::Int4 => "int32".into(),
            Self::Int8 | Self::Oid => "int64".into(),
            Self::Float4 => "float".into(),
            Self::Float8 | Self::NumericDouble => "double".into(),
            Self::Decimal { precision, scale } => format!("decimal({precision},{scale})"),
            Self::Text | Self::Inet | Self::Time | Self::TimeTz | Self::Json | Self::Jsonb => "string".into(),
            Self::Bytes => "binary".into(),
            Self::Uuid => "binary (16 bytes)".into(),
            Self::Date => "date".into(),
            Self::Timestamp => "timestamp (µs)".into(),
            Self::TimestampTz => "timestamp (µs, UTC)".into(),
            Self::Interval => "struct of months, days, microseconds".into(),
            Self::List { item, dimensions } => {
                format!("{}{}", "list of ".repeat((*dimensions).into()), item.parquet_type())
            }
            Self::Struct(_) => "struct".into(),
        }
    }

    /// Whether DuckDB can index it and two values of the source never become one: what a key needs.
    pub fn fits_a_key(&self) -> bool {
        !matches!(
            self,
            Self::NumericDouble | Self::Interval | Self::Json | Self::Jsonb | Self::List { .. } | Self::Struct(_)
        )
    }

    /// The DuckDB expression that turns the Parquet column into the lake's value.
    pub fn from_parquet(&self, column: &str) -> String {
        self.convert(&quote(column), 0)
    }

    fn convert(&self, value: &str, depth: usize) -> String {
        match self {
            Self::Interval => interval(value),
            Self::List { item, dimensions } if item.holds_intervals() => {
                let inner = match dimensions {
                    0 | 1 => (**item).clone(),
                    more => Self::List { item: item.clone(), dimensions: more - 1 },
                };
                format!("list_transform({value}, lambda x{depth}: {})", inner.convert(&format!("x{depth}"), depth + 1))
            }
            Self::Struct(fields) if self.holds_intervals() => {
                let fields = fields.iter().map(|field| {
                    let part = format!("struct_extract({value}, {})", literal(&field.name));
                    format!("{} := {}", quote(&field.name), field.kind.convert(&part, depth + 1))
                });
                let packed = fields.collect::<Vec<_>>().join(", ");
                format!("CASE WHEN {value} IS NOT NULL THEN struct_pack({packed}) END")
            }
            _ => format!("{value}::{}", self.lake_type()),
        }
    }

    fn holds_intervals(&self) -> bool {
        match self {
            Self::Interval => true,
            Self::List { item, .. } => item.holds_intervals(),
            Self::Struct(fields) => fields.iter().any(|field| field.kind.holds_intervals()),
            _ => false,
        }
    }
}

fn interval(value: &str) -> String {
    let field = |name: &str| format!("struct_extract({value}, {})", literal(name));
    format!(
        "CASE WHEN {value} IS NOT NULL THEN to_months({}) + to_days({}) + to_microseconds({}) END",
        field("months"),
        field("days"),
        field("microseconds")
    )
}
