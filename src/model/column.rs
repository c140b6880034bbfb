//! How a column's values travel and what they become: the wire form that is decoded, the Parquet column, the lake's type.
//!
//! Which Postgres type becomes which of these is decided in `decode::types`.

use super::sql::quote;
use serde::{Deserialize, Serialize};

/// One column of a table as it travels: its name and its type, in the order of the SELECT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ColumnType,
}

/// What a version's file tells beside the source's columns: what was done to the row, when, in which order, in which transaction,
/// and what it was before.
pub fn version_columns() -> [Column; 5] {
    let column = |name: &str, kind| Column { name: name.into(), kind };
    [
        column("_pg2duck_op", ColumnType::Text),
        column("_pg2duck_at", ColumnType::TimestampTz),
        column("_pg2duck_seq", ColumnType::Int8),
        column("_pg2duck_xid", ColumnType::Int8),
        column("_pg2duck_before", ColumnType::Json),
    ]
}

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

    /// Whether Postgres and DuckDB print its values alike, so that hashes of them can be compared.
    pub fn prints_alike(&self) -> bool {
        matches!(self, Self::Int2 | Self::Int4 | Self::Int8 | Self::Oid | Self::Uuid | Self::Text)
    }
}

/// How a column is read from the source; `source::select` writes the expression.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// In its own binary form.
    #[default]
    AsIs,
    /// Cast to this type.
    Cast(String),
    /// What the type's output function prints, whatever a cast to text would do.
    Output,
    /// What `to_json` makes of it.
    Json,
    /// A numeric's digits without trailing zeros: equal numbers give equal texts.
    TrimmedNumeric,
    /// A composite, attribute by attribute.
    Row(Vec<(String, Read)>),
    /// A SHA-256 of the salt and what the type prints, in hexadecimal. The salt itself is not kept, only whether it is the same.
    Masked { salt: u64 },
}
