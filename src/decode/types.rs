//! The one type table: Postgres type → how it is read, how it travels, what it becomes, and what is lost on the way.
//!
//! `docs/types.md` is generated from it (`make docs`). A type that is not listed travels as its text, today and for
//! whatever Postgres adds tomorrow. Sources: the `send` functions of Postgres for the binary forms, `pg_type.dat` for the
//! object identifiers, DuckDB's casts for the other end.

use crate::model::{CharAs, Column, ColumnType, NumericAs, Read, ReadAs};

/// What the catalog knows of a type; domains are resolved to their base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PgType {
    pub oid: u32,
    pub typmod: i32,
    /// As declared, at least 1, for an array; Postgres does not enforce it.
    pub dimensions: u8,
    pub shape: Shape,
}

/// What a type is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    Base {
        /// The extension that brought it and its name there.
        extension: Option<(String, String)>,
        /// A cast to text that is not what the type prints (`inet` appends `/32`).
        casts_to_text: bool,
    },
    Enum,
    Array(Box<PgType>),
    Composite(Vec<(String, PgType)>),
}

/// What settings say of whole types.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choices {
    pub numeric: NumericAs,
    pub chars: CharAs,
}

/// One row of the type table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub read: Read,
    pub kind: ColumnType,
    /// What the lake does not keep of a value; empty when nothing.
    pub loses: &'static str,
}

/// Object identifiers of built-in types: fixed for ever in Postgres's `pg_type.dat`.
pub mod oid {
    pub const BOOL: u32 = 16;
    pub const BYTEA: u32 = 17;
    pub const CHAR: u32 = 18;
    pub const NAME: u32 = 19;
    pub const INT8: u32 = 20;
    pub const INT2: u32 = 21;
    pub const INT4: u32 = 23;
    pub const TEXT: u32 = 25;
    pub const OID: u32 = 26;
    pub const JSON: u32 = 114;
    pub const CIDR: u32 = 650;
    pub const FLOAT4: u32 = 700;
    pub const FLOAT8: u32 = 701;
    pub const MONEY: u32 = 790;
    pub const INET: u32 = 869;
    pub const BPCHAR: u32 = 1042;
    pub const VARCHAR: u32 = 1043;
    pub const DATE: u32 = 1082;
    pub const TIME: u32 = 1083;
    pub const TIMESTAMP: u32 = 1114;
    pub const TIMESTAMPTZ: u32 = 1184;
    pub const INTERVAL: u32 = 1186;
    pub const TIMETZ: u32 = 1266;
    pub const NUMERIC: u32 = 1700;
    pub const UUID: u32 = 2950;
    pub const JSONB: u32 = 3802;
}

/// Whether the type's identifier, and the column's own typmod, are all that the table below needs to know.
pub fn is_known_by_oid(oid: u32) -> bool {
    matches!(
        oid,
        oid::BOOL
            | oid::INT2
            | oid::INT4
            | oid::INT8
            | oid::OID
            | oid::FLOAT4
            | oid::FLOAT8
            | oid::NUMERIC
            | oid::CHAR
            | oid::TEXT
            | oid::VARCHAR
            | oid::BPCHAR
            | oid::NAME
            | oid::BYTEA
            | oid::UUID
            | oid::DATE
            | oid::TIMESTAMP
            | oid::TIMESTAMPTZ
            | oid::TIME
            | oid::TIMETZ
            | oid::INTERVAL
            | oid::JSON
            | oid::JSONB
            | oid::INET
            | oid::CIDR
    )
}

/// The table. `typmod` of `money` is the number of decimals that the server's `lc_monetary` gives it.
pub fn mapping(pg: &PgType, choices: Choices) -> Mapping {
    match &pg.shape {
        Shape::Array(item) => {
            // A cast reaches an array's elements, but not what they are made of: trimming would cost the list.
            let is_whole = matches!(item.shape, Shape::Base { .. });
            let chars = if is_whole { choices.chars } else { CharAs::Padded };
            array(pg.dimensions, mapping(item, Choices { chars, ..choices }))
        }
        Shape::Composite(fields) => composite(fields, choices),
        Shape::Enum => as_is(ColumnType::Text, ""),
        Shape::Base { extension, casts_to_text } => match pg.oid {
            oid::BOOL => as_is(ColumnType::Bool, ""),
            oid::INT2 => as_is(ColumnType::Int2, ""),
            oid::INT4 => as_is(ColumnType::Int4, ""),
            oid::INT8 => as_is(ColumnType::Int8, ""),
            oid::OID => as_is(ColumnType::Oid, ""),
            oid::FLOAT4 => as_is(ColumnType::Float4, SIGN_OF_ZERO),
            oid::FLOAT8 => as_is(ColumnType::Float8, SIGN_OF_ZERO),
            oid::NUMERIC => number(pg.typmod, choices.numeric),
            oid::MONEY => {
                cast("numeric", ColumnType::Decimal { precision: 19, scale: scale(pg.typmod) }, "the currency")
            }
            oid::CHAR => cast("text", ColumnType::Text, ""),
            // The cast takes away the blanks at the end.
            oid::BPCHAR if choices.chars == CharAs::Trimmed => cast("text", ColumnType::Text, ""),
            oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME => as_is(ColumnType::Text, ""),
            oid::BYTEA => as_is(ColumnType::Bytes, ""),
            oid::UUID => as_is(ColumnType::Uuid, ""),
            oid::DATE => as_is(ColumnType::Date, ""),
            oid::TIMESTAMP => as_is(ColumnType::Timestamp, "after 294247-01-10: rejected"),
            oid::TIMESTAMPTZ => as_is(ColumnType::TimestampTz, "after 294247-01-10: rejected"),
            oid::TIME => as_is(ColumnType::Time, ""),
            oid::TIMETZ => as_is(ColumnType::TimeTz, ""),
            oid::INTERVAL => as_is(ColumnType::Interval, "±infinity (Postgres 17): rejected"),
            oid::JSON => as_is(ColumnType::Json, "half a surrogate pair (`\"\\ud800\"`): rejected"),
            oid::JSONB => as_is(ColumnType::Jsonb, ""),
            oid::INET | oid::CIDR => as_is(ColumnType::Inet, ""),
            _ => of_extension(extension.as_ref()).unwrap_or_else(|| text(*casts_to_text)),
        },
    }
}

/// DuckDB 1.5 compresses equal neighbours to one, and -0 equals 0.
const SIGN_OF_ZERO: &str = "the sign of a zero beside another zero";

/// The same for a column of the key: a type that DuckDB cannot index, or that would make two keys one, travels as text.
pub fn key_mapping(pg: &PgType, choices: Choices) -> Mapping {
    let usual = mapping(pg, choices);
    match usual.kind {
        ColumnType::NumericDouble => Mapping { read: Read::TrimmedNumeric, kind: ColumnType::Text, loses: "" },
        _ if pg.oid == oid::NUMERIC && usual.kind == ColumnType::Text => {
            Mapping { read: Read::TrimmedNumeric, ..usual }
        }
        _ if usual.kind.fits_a_key() => usual,
        _ => cast("text", ColumnType::Text, ""),
    }
}

impl Mapping {
    /// The same for a column of which a setting says what it is read as.
    pub fn read_as(self, wanted: ReadAs) -> Self {
        match (wanted, &self.kind) {
            (ReadAs::Text, ColumnType::Text) | (ReadAs::Json, ColumnType::Json | ColumnType::Jsonb) => self,
            (ReadAs::Text, _) => Self { read: Read::Output, kind: ColumnType::Text, loses: "" },
            (ReadAs::Json, _) => Self { read: Read::Json, kind: ColumnType::Json, loses: "lower bounds of arrays" },
        }
    }
}

fn as_is(kind: ColumnType, loses: &'static str) -> Mapping {
    Mapping { read: Read::AsIs, kind, loses }
}

fn cast(to: &str, kind: ColumnType, loses: &'static str) -> Mapping {
    Mapping { read: Read::Cast(to.into()), kind, loses }
}

/// What the type prints.
fn text(casts_to_text: bool) -> Mapping {
    let read = if casts_to_text { Read::Output } else { Read::Cast("text".into()) };
    Mapping { read, kind: ColumnType::Text, loses: "" }
}

fn of_extension(extension: Option<&(String, String)>) -> Option<Mapping> {
    let (extension, name) = extension?;
    match (extension.as_str(), name.as_str()) {
        // EWKB, which `geometry_send` gives.
        ("postgis", "geometry" | "geography") => Some(as_is(ColumnType::Bytes, "")),
        ("vector", "vector" | "halfvec") => Some(cast("real[]", ColumnType::list(ColumnType::Float4), "")),
        _ => None,
    }
}

fn array(dimensions: u8, item: Mapping) -> Mapping {
    const LOSES: &str = "lower bounds; other dimensions than declared: rejected";
    let list = |kind| ColumnType::List { item: Box::new(kind), dimensions: dimensions.max(1) };
    match item.read {
        Read::AsIs => as_is(list(item.kind), LOSES),
        Read::Cast(to) if !to.ends_with("[]") => cast(&format!("{to}[]"), list(item.kind), LOSES),
        _ => cast("text", ColumnType::Text, ""),
    }
}

fn composite(attributes: &[(String, PgType)], choices: Choices) -> Mapping {
    let mut folded: Vec<String> = attributes.iter().map(|(name, _)| name.to_lowercase()).collect();
    folded.sort();
    folded.dedup();
    if attributes.is_empty() || folded.len() < attributes.len() {
        // DuckDB knows neither a STRUCT without fields nor names that differ only in case.
        return cast("text", ColumnType::Text, "");
    }
    let mapped: Vec<(&String, Mapping)> =
        attributes.iter().map(|(name, kind)| (name, mapping(kind, choices))).collect();
    let fields = mapped.iter().map(|(name, field)| Column { name: (*name).clone(), kind: field.kind.clone() });
    let kind = ColumnType::Struct(fields.collect());
    let loses = mapped.iter().map(|(_, field)| field.loses).find(|loses| !loses.is_empty()).unwrap_or_default();
    let all_as_is = mapped.iter().all(|(_, field)| field.read == Read::AsIs);
    let reads = mapped.into_iter().map(|(name, field)| (name.clone(), field.read));
    let read = if all_as_is { Read::AsIs } else { Read::Row(reads.collect()) };
    Mapping { read, kind, loses }
}

/// `numeric`'s typmod packs precision and scale: `((precision << 16) | (scale & 0x7ff)) + 4`, the scale signed in 11
/// bits since Postgres 15.
fn number(typmod: i32, otherwise: NumericAs) -> Mapping {
    if typmod >= 4 {
        let packed = typmod - 4;
        let precision = (packed >> 16) & 0xffff;
        let scale = ((packed & 0x7ff) ^ 1024) - 1024;
        // A scale beyond the precision means leading zeros after the point, one below 0 zeros before it.
        let digits = precision.max(scale).max(precision - scale);
        if let (Ok(precision @ 1..=38), Ok(scale)) = (u8::try_from(digits), u8::try_from(scale.max(0))) {
            return as_is(ColumnType::Decimal { precision, scale }, "NaN: rejected");
        }
    }
    match otherwise {
        NumericAs::Double => as_is(
            ColumnType::NumericDouble,
            "digits beyond the 15 to 17 of a double (`NUMERIC=text` keeps them); beyond ±1.8e308: rejected",
        ),
        NumericAs::Text => cast("text", ColumnType::Text, ""),
    }
}

fn scale(decimals: i32) -> u8 {
    u8::try_from(decimals).unwrap_or(2).min(19)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(oid: u32, typmod: i32) -> PgType {
        PgType { oid, typmod, dimensions: 1, shape: Shape::Base { extension: None, casts_to_text: false } }
    }

    fn array_of(item: PgType) -> PgType {
        PgType { oid: 1, typmod: -1, dimensions: 1, shape: Shape::Array(Box::new(item)) }
    }

    fn sql(mapping: &Mapping) -> String {
        mapping.read.sql("v", "")
    }

    #[test]
    fn numeric_typmods_give_decimals_that_hold_every_value() {
        let kind = |precision: i32, scale: i32| {
            mapping(&base(oid::NUMERIC, ((precision << 16) | (scale & 0x7ff)) + 4), Choices::default()).kind
        };
        assert_eq!(kind(12, 2), ColumnType::Decimal { precision: 12, scale: 2 });
        assert_eq!(kind(38, 38), ColumnType::Decimal { precision: 38, scale: 38 });
        assert_eq!(kind(3, 5), ColumnType::Decimal { precision: 5, scale: 5 });
        assert_eq!(kind(3, -2), ColumnType::Decimal { precision: 5, scale: 0 });
        assert_eq!(kind(39, 0), ColumnType::NumericDouble);
        assert_eq!(kind(30, -9), ColumnType::NumericDouble);
        let free = base(oid::NUMERIC, -1);
        assert_eq!(mapping(&free, Choices { numeric: NumericAs::Text, ..Choices::default() }).kind, ColumnType::Text);
        assert_eq!(sql(&key_mapping(&free, Choices::default())), "trim_scale(v)::text");
    }

    #[test]
    fn what_is_known_by_its_oid_needs_nothing_of_the_catalog() {
        for oid in (0..=u32::from(u16::MAX)).filter(|oid| is_known_by_oid(*oid)) {
            let extension = Some(("postgis".to_owned(), "geometry".to_owned()));
            let odd = PgType { shape: Shape::Base { extension, casts_to_text: true }, ..base(oid, 1234) };
            assert_eq!(mapping(&odd, Choices::default()), mapping(&base(oid, 1234), Choices::default()), "{oid}");
        }
    }

    #[test]
    fn unknown_types_and_their_arrays_travel_as_text() {
        let point = base(600, -1);
        assert_eq!(sql(&mapping(&point, Choices::default())), "v::text");
        let points = mapping(&array_of(point), Choices::default());
        assert_eq!((points.kind.lake_type().as_str(), sql(&points).as_str()), ("VARCHAR[]", "v::text[]"));
    }

    #[test]
    fn a_composite_is_taken_apart_only_where_an_attribute_travels_as_text() {
        let composite = |fields: &[(&str, PgType)]| PgType {
            oid: 1,
            typmod: -1,
            dimensions: 1,
            shape: Shape::Composite(fields.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone())).collect()),
        };
        let plain = composite(&[("x", base(oid::INT4, -1)), ("t", base(oid::TIME, -1))]);
        let mapped = mapping(&plain, Choices::default());
        assert_eq!(
            (sql(&mapped).as_str(), mapped.kind.lake_type().as_str()),
            ("v", r#"STRUCT("x" INTEGER, "t" TIME)"#)
        );
        let mixed = composite(&[("x", base(oid::INT4, -1)), ("p", base(600, -1))]);
        let read = sql(&mapping(&mixed, Choices::default()));
        assert_eq!(read, r#"CASE WHEN v IS DISTINCT FROM NULL THEN ROW((v)."x", (v)."p"::text) END"#);
        assert_eq!(mapping(&array_of(mixed), Choices::default()).kind, ColumnType::Text);
        assert_eq!(
            mapping(&composite(&[("a", base(23, -1)), ("A", base(23, -1))]), Choices::default()).kind,
            ColumnType::Text
        );
    }
}
