//! The one type table: Postgres → (SELECT expression, decoder) → Parquet → DuckDB.
//!
//! A type that is not listed travels as its text, today and for whatever Postgres adds tomorrow. Sources: the `send`
//! functions of Postgres for the binary forms, Parquet's logical types for the middle, DuckDB's casts for the end.

use crate::names::{literal, quote};
use serde::{Deserialize, Serialize};

/// How a column's values travel and what they become.
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
    /// `numeric(precision, scale)` that DuckDB's DECIMAL can hold exactly.
    Decimal {
        precision: u8,
        scale: u8,
    },
    /// Unconstrained or too wide `numeric`: the nearest double, as DuckDB's own Postgres extension does.
    NumericDouble,
    /// Text in the server's binary form.
    Text,
    /// Any other type: its text, by `::text` in the source.
    AsText,
    Bytes,
    Uuid,
    Date,
    Timestamp,
    TimestampTz,
    /// Travels as text: neither Polars nor Parquet has `24:00:00`, which Postgres and DuckDB do.
    Time,
    /// Months, days and microseconds, kept apart.
    Interval,
    Json,
    Jsonb,
    /// A one-dimensional array; elements never nest.
    List(Box<ColumnType>),
}

/// What the catalog knows of a type, domains already resolved to their base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PgType<'a> {
    pub oid: u32,
    pub typmod: i32,
    /// For a true array type, the element's type (its domains resolved too).
    pub element: Option<&'a PgType<'a>>,
}

/// Object identifiers of built-in types: fixed for ever in Postgres's `pg_type.dat`.
mod oid {
    pub const BOOL: u32 = 16;
    pub const BYTEA: u32 = 17;
    pub const NAME: u32 = 19;
    pub const INT8: u32 = 20;
    pub const INT2: u32 = 21;
    pub const INT4: u32 = 23;
    pub const TEXT: u32 = 25;
    pub const OID: u32 = 26;
    pub const JSON: u32 = 114;
    pub const XML: u32 = 142;
    pub const FLOAT4: u32 = 700;
    pub const FLOAT8: u32 = 701;
    pub const BPCHAR: u32 = 1042;
    pub const VARCHAR: u32 = 1043;
    pub const DATE: u32 = 1082;
    pub const TIME: u32 = 1083;
    pub const TIMESTAMP: u32 = 1114;
    pub const TIMESTAMPTZ: u32 = 1184;
    pub const INTERVAL: u32 = 1186;
    pub const NUMERIC: u32 = 1700;
    pub const UUID: u32 = 2950;
    pub const JSONB: u32 = 3802;
}

impl ColumnType {
    /// The way in which this Postgres type travels.
    pub fn of(pg: &PgType<'_>) -> Self {
        if let Some(element) = pg.element {
            // An array's typmod is that of its elements.
            return Self::List(Box::new(Self::of(&PgType { typmod: pg.typmod, ..*element })));
        }
        match pg.oid {
            oid::BOOL => Self::Bool,
            oid::INT2 => Self::Int2,
            oid::INT4 => Self::Int4,
            oid::INT8 => Self::Int8,
            oid::OID => Self::Oid,
            oid::FLOAT4 => Self::Float4,
            oid::FLOAT8 => Self::Float8,
            oid::NUMERIC => numeric(pg.typmod),
            oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME | oid::XML => Self::Text,
            oid::BYTEA => Self::Bytes,
            oid::UUID => Self::Uuid,
            oid::DATE => Self::Date,
            oid::TIMESTAMP => Self::Timestamp,
            oid::TIMESTAMPTZ => Self::TimestampTz,
            oid::TIME => Self::Time,
            oid::INTERVAL => Self::Interval,
            oid::JSON => Self::Json,
            oid::JSONB => Self::Jsonb,
            _ => Self::AsText,
        }
    }

    /// The DuckDB type of the lake column.
    pub fn lake_type(&self) -> String {
        match self {
            Self::Bool => "BOOLEAN".into(),
            Self::Int2 => "SMALLINT".into(),
            Self::Int4 => "INTEGER".into(),
            Self::Int8 | Self::Oid => "BIGINT".into(),
            Self::Float4 => "FLOAT".into(),
            Self::Float8 | Self::NumericDouble => "DOUBLE".into(),
            Self::Decimal { precision, scale } => format!("DECIMAL({precision},{scale})"),
            Self::Text | Self::AsText => "VARCHAR".into(),
            Self::Bytes => "BLOB".into(),
            Self::Uuid => "UUID".into(),
            Self::Date => "DATE".into(),
            Self::Timestamp => "TIMESTAMP".into(),
            Self::TimestampTz => "TIMESTAMP WITH TIME ZONE".into(),
            Self::Time => "TIME".into(),
            Self::Interval => "INTERVAL".into(),
            Self::Json | Self::Jsonb => "JSON".into(),
            Self::List(element) => format!("{}[]", element.lake_type()),
        }
    }

    /// The expression that reads the column in the source.
    pub fn select(&self, column: &str) -> String {
        let column = quote(column);
        match self {
            Self::AsText => format!("{column}::text"),
            Self::List(element) if **element == Self::AsText => format!("{column}::text[]"),
            _ => column,
        }
    }

    /// The DuckDB expression that turns the Parquet column into the lake's value.
    pub fn from_parquet(&self, column: &str) -> String {
        let quoted = quote(column);
        match self {
            Self::Interval => interval(&quoted),
            Self::List(element) if **element == Self::Interval => {
                let part = interval("x");
                format!("list_transform({quoted}, lambda x: {part})")
            }
            _ => format!("{quoted}::{}", self.lake_type()),
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

/// `numeric`'s typmod packs precision and scale: `((precision << 16) | (scale & 0x7ff)) + 4`, the scale signed in 11
/// bits since Postgres 15.
fn numeric(typmod: i32) -> ColumnType {
    if typmod < 4 {
        return ColumnType::NumericDouble;
    }
    let packed = typmod - 4;
    let precision = (packed >> 16) & 0xffff;
    let scale = ((packed & 0x7ff) ^ 1024) - 1024;
    // A scale beyond the precision means only leading zeros after the point; the DECIMAL needs the wider of the two.
    match (u8::try_from(precision.max(scale)), u8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) => ColumnType::Decimal { precision, scale },
        _ => ColumnType::NumericDouble,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(oid: u32, typmod: i32) -> ColumnType {
        ColumnType::of(&PgType { oid, typmod, element: None })
    }

    #[test]
    fn numeric_typmods_give_decimals_that_hold_every_value() {
        let typmod = |precision: i32, scale: i32| ((precision << 16) | (scale & 0x7ff)) + 4;
        assert_eq!(of(oid::NUMERIC, typmod(12, 2)), ColumnType::Decimal { precision: 12, scale: 2 });
        assert_eq!(of(oid::NUMERIC, typmod(38, 38)), ColumnType::Decimal { precision: 38, scale: 38 });
        assert_eq!(of(oid::NUMERIC, typmod(3, 5)), ColumnType::Decimal { precision: 5, scale: 5 });
        assert_eq!(of(oid::NUMERIC, typmod(39, 0)), ColumnType::NumericDouble);
        assert_eq!(of(oid::NUMERIC, typmod(3, -2)), ColumnType::NumericDouble);
        assert_eq!(of(oid::NUMERIC, -1), ColumnType::NumericDouble);
    }

    #[test]
    fn unknown_types_and_their_arrays_travel_as_text() {
        assert_eq!(of(600, -1).select("p"), r#""p"::text"#);
        let element = PgType { oid: 600, typmod: -1, element: None };
        let array = ColumnType::of(&PgType { oid: 1017, typmod: -1, element: Some(&element) });
        assert_eq!((array.lake_type().as_str(), array.select("p").as_str()), ("VARCHAR[]", r#""p"::text[]"#));
    }
}
