//! How a cell of each type is printed alike by Postgres and DuckDB and read alike by Polars, and which DuckDB type is
//! faithful to it. Written from the documentation of the three, independently of pg2duck's own table of types.

use polars::prelude::{AnyValue, DataType, Series, TimeUnit};
use serde_json::Value as Json;

/// The canonical text of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendering {
    /// All print it alike: what Postgres's output function says.
    Plain(&'static str),
    /// Kept to the last character, but not every document that Postgres accepts can be.
    Json,
    Decimal {
        precision: i32,
        scale: i32,
    },
    /// The shortest text that reads back as the same double (or float).
    Double(&'static str),
    /// The double that is nearest to a number of any length.
    Nearest,
    /// All digits of a number.
    Digits,
    /// The same without trailing zeros, as it is in keys.
    Trimmed,
    Hex,
    Uuid,
    Days,
    Micros(&'static str),
    TimeOfDay,
    TimeAndOffset,
    Interval,
    List {
        item: Box<Rendering>,
        dimensions: usize,
    },
    Struct(Vec<(String, Rendering)>),
}

/// A cell taken apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    Null,
    Text(String),
    Parts(Vec<Cell>),
}

impl Cell {
    /// Without the sign of zero, which DuckDB's storage loses: it compresses runs of equal values, and -0 equals 0.
    pub fn without_sign_of_zero(self) -> Self {
        match self {
            Self::Text(text) if text == "-0.0" => Self::Text("0.0".into()),
            Self::Parts(parts) => Self::Parts(parts.into_iter().map(Self::without_sign_of_zero).collect()),
            other => other,
        }
    }
}

/// The lake's type cannot hold the value, says its documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected;

impl Rendering {
    /// The type that the lake's column should have, without the quotes around attribute names, which DuckDB leaves away where
    /// it can.
    pub fn lake_type(&self) -> String {
        match self {
            Self::Plain(name) | Self::Double(name) | Self::Micros(name) => (*name).into(),
            Self::Json => "JSON".into(),
            Self::Decimal { precision, scale } => format!("DECIMAL({precision},{scale})"),
            Self::Nearest => "DOUBLE".into(),
            Self::Digits | Self::Trimmed => "VARCHAR".into(),
            Self::Hex => "BLOB".into(),
            Self::Uuid => "UUID".into(),
            Self::Days => "DATE".into(),
            Self::TimeOfDay => "TIME".into(),
            Self::TimeAndOffset => "TIME WITH TIME ZONE".into(),
            Self::Interval => "INTERVAL".into(),
            Self::List { item, dimensions } => format!("{}{}", item.lake_type(), "[]".repeat(*dimensions)),
            Self::Struct(fields) => {
                let fields = fields.iter().map(|(name, field)| format!("{name} {}", field.lake_type()));
                format!("STRUCT({})", fields.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// The text of an expression in Postgres: JSON of such texts for what has parts.
    pub fn in_source(&self, value: &str) -> String {
        let unless_null = |text: &str| format!("CASE WHEN {value} IS DISTINCT FROM NULL THEN {text} END");
        match self {
            Self::Plain("BOOLEAN") => format!("{value}::text"),
            // Not a cast to text, which is another thing for inet, character(n) and others.
            Self::Plain(_) | Self::Json | Self::Double(_) | Self::Nearest | Self::Digits | Self::Uuid => {
                unless_null(&format!("concat({value})"))
            }
            Self::Decimal { .. } => format!("{value}::numeric::text"),
            Self::Trimmed => format!("trim_scale({value})::text"),
            Self::Hex => format!("encode({value}, 'hex')"),
            Self::Days => finite(value, "text", &format!("({value} - date '1970-01-01')::text")),
            // From where Postgres itself counts: far away, only an interval's epoch is exact.
            Self::Micros(name) => {
                let since = format!("extract(epoch FROM {value} - {name} '2000-01-01 00:00:00+00')");
                finite(value, "text", &format!("({since} * 1000000 + 946684800000000)::numeric(30,0)::text"))
            }
            Self::TimeOfDay => format!("(extract(epoch FROM {value}) * 1000000)::bigint::text"),
            Self::TimeAndOffset => format!(
                "(extract(epoch FROM {value}::time) * 1000000)::bigint || ' ' || extract(timezone FROM {value})::int"
            ),
            Self::Interval => format!(
                "(extract(year FROM {value}) * 12 + extract(month FROM {value}))::bigint || ' ' || \
                 extract(day FROM {value})::bigint || ' ' || (extract(hour FROM {value}) * 3600000000 + \
                 extract(minute FROM {value}) * 60000000 + extract(microseconds FROM {value}))::bigint"
            ),
            Self::List { item, .. } => {
                let item = item.in_source("u.e");
                unless_null(&format!(
                    "json_build_object('lengths', ARRAY(SELECT array_length({value}, d) \
                       FROM generate_series(1, array_ndims({value})) AS d), \
                     'items', coalesce((SELECT json_agg({item} ORDER BY u.n) FROM \
                       (SELECT s.e, row_number() OVER () AS n FROM (SELECT unnest({value}) AS e) AS s) AS u), '[]'))::text"
                ))
            }
            Self::Struct(fields) => {
                let part = |(name, field): &(String, Self)| field.in_source(&format!("({value}).{}", quote(name)));
                let parts: Vec<String> = fields.iter().map(part).collect();
                unless_null(&format!("to_json(ARRAY[{}])::text", parts.join(", ")))
            }
        }
    }

    /// The same text of a column in DuckDB.
    pub fn in_lake(&self, value: &str) -> String {
        let unless_null = |text: &str| format!("CASE WHEN {value} IS NOT NULL THEN {text} END");
        match self {
            Self::Hex => format!("lower(hex({value}))"),
            Self::Days => finite(value, "VARCHAR", &format!("date_diff('day', DATE '1970-01-01', {value})::VARCHAR")),
            Self::Micros(_) => finite(value, "VARCHAR", &format!("epoch_us({value})::VARCHAR")),
            Self::TimeOfDay => format!("epoch_us({value})::VARCHAR"),
            Self::TimeAndOffset => {
                format!("epoch_us({value}::TIME)::VARCHAR || ' ' || date_part('timezone', {value})")
            }
            Self::Interval => format!(
                "(date_part('year', {value}) * 12 + date_part('month', {value})) || ' ' || date_part('day', {value}) \
                 || ' ' || (date_part('hour', {value}) * 3600000000 + date_part('minute', {value}) * 60000000 \
                 + date_part('microseconds', {value}))"
            ),
            Self::List { item, dimensions } => {
                let inner = match dimensions {
                    0 | 1 => (**item).clone(),
                    more => Self::List { item: item.clone(), dimensions: more - 1 },
                };
                format!("to_json(list_transform({value}, lambda e: {}))::VARCHAR", inner.in_lake("e"))
            }
            Self::Struct(fields) => {
                let part = |(name, field): &(String, Self)| {
                    field.in_lake(&format!("struct_extract({value}, '{}')", name.replace('\'', "''")))
                };
                let parts: Vec<String> = fields.iter().map(part).collect();
                unless_null(&format!("to_json([{}])::VARCHAR", parts.join(", ")))
            }
            _ => format!("{value}::VARCHAR"),
        }
    }

    /// What the lake should hold for this text of the source.
    pub fn cell_due(&self, text: &str) -> Result<Cell, Rejected> {
        Ok(match self {
            Self::Decimal { .. } if text == "NaN" => return Err(Rejected),
            Self::Json if holds_half_a_pair(text) => return Err(Rejected),
            Self::Nearest => {
                let value: f64 = text.parse().unwrap_or_else(|_| panic!("{text} is no number"));
                if value.is_infinite() && !text.contains("Infinity") {
                    return Err(Rejected);
                }
                Cell::Text(format!("{value:?}"))
            }
            // The greatest is DuckDB's infinity.
            Self::Micros(_) if text.parse::<i128>().is_ok_and(|micros| micros >= i128::from(i64::MAX)) => {
                return Err(Rejected);
            }
            Self::List { item, dimensions } => {
                let array = parse(text);
                let lengths: Vec<usize> =
                    parts(&array["lengths"]).iter().map(|n| n.as_u64().unwrap() as usize).collect();
                let items = parts(&array["items"]).iter().map(|part| item.part_due(part));
                let items = items.collect::<Result<Vec<Cell>, Rejected>>()?;
                if !lengths.is_empty() && lengths.len() != *dimensions {
                    return Err(Rejected);
                }
                nested(&lengths, items)
            }
            Self::Struct(fields) => {
                let record = parse(text);
                let cells = fields.iter().zip(parts(&record)).map(|((_, field), part)| field.part_due(part));
                Cell::Parts(cells.collect::<Result<_, Rejected>>()?)
            }
            _ => self.cell_of_lake(text),
        })
    }

    fn part_due(&self, part: &Json) -> Result<Cell, Rejected> {
        part.as_str().map_or(Ok(Cell::Null), |text| self.cell_due(text))
    }

    /// What this text of the lake is.
    pub fn cell_of_lake(&self, text: &str) -> Cell {
        let part =
            |rendering: &Self, part: &Json| part.as_str().map_or(Cell::Null, |text| rendering.cell_of_lake(text));
        match self {
            // DuckDB leaves away a zero that the type has no place for.
            Self::Decimal { .. } if text.starts_with('.') => Cell::Text(format!("0{text}")),
            Self::Decimal { .. } if text.starts_with("-.") => Cell::Text(format!("-0{}", &text[1..])),
            Self::Double("FLOAT") => Cell::Text(format!("{:?}", text.parse::<f32>().expect("a float"))),
            Self::Double(_) | Self::Nearest => Cell::Text(format!("{:?}", text.parse::<f64>().expect("a double"))),
            Self::List { item, dimensions: 0 | 1 } => {
                Cell::Parts(parts(&parse(text)).iter().map(|element| part(item, element)).collect())
            }
            Self::List { item, dimensions } => {
                let inner = Self::List { item: item.clone(), dimensions: dimensions - 1 };
                Cell::Parts(parts(&parse(text)).iter().map(|element| part(&inner, element)).collect())
            }
            Self::Struct(fields) => {
                Cell::Parts(fields.iter().zip(parts(&parse(text))).map(|((_, field), own)| part(field, own)).collect())
            }
            _ => Cell::Text(text.into()),
        }
    }

    /// What these values are that Polars has read from a Parquet file.
    pub fn cells_of_polars(&self, series: &Series) -> Vec<Cell> {
        match (self, series.dtype()) {
            (_, DataType::Null) => vec![Cell::Null; series.len()],
            (Self::List { item, dimensions }, DataType::List(_)) => {
                let inner = match dimensions {
                    0 | 1 => (**item).clone(),
                    more => Self::List { item: item.clone(), dimensions: more - 1 },
                };
                let list = |value| match value {
                    AnyValue::List(list) => Cell::Parts(inner.cells_of_polars(&list)),
                    _ => Cell::Null,
                };
                series.iter().map(list).collect()
            }
            (Self::Struct(fields), DataType::Struct(_)) => {
                let own = series.struct_().expect("a struct column").fields_as_series();
                let named: Vec<&str> = own.iter().map(|field| field.name().as_str()).collect();
                assert_eq!(named, fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
                let columns: Vec<Vec<Cell>> =
                    fields.iter().zip(&own).map(|((_, field), series)| field.cells_of_polars(series)).collect();
                let null = series.is_null();
                let row = |at: usize| Cell::Parts(columns.iter().map(|column| column[at].clone()).collect());
                (0..series.len()).map(|at| if null.get(at) == Some(true) { Cell::Null } else { row(at) }).collect()
            }
            (Self::Interval, DataType::Struct(_)) => {
                let number = Self::Plain("BIGINT");
                let names = ["months", "days", "microseconds"].map(str::to_owned);
                let parts = Self::Struct(names.map(|name| (name, number.clone())).into()).cells_of_polars(series);
                let text = |part: &Cell| match part {
                    Cell::Text(text) => text.clone(),
                    other => panic!("part of an interval: {other:?}"),
                };
                let joined = |parts: Vec<Cell>| Cell::Text(parts.iter().map(text).collect::<Vec<_>>().join(" "));
                parts.into_iter().map(|cell| if let Cell::Parts(parts) = cell { joined(parts) } else { cell }).collect()
            }
            _ => series.iter().map(|value| self.leaf(&value)).collect(),
        }
    }

    fn leaf(&self, value: &AnyValue<'_>) -> Cell {
        let infinite = |value: i64, limit: i64| match value {
            _ if value == limit => Some("infinity".to_owned()),
            _ if value == -limit => Some("-infinity".to_owned()),
            _ => None,
        };
        Cell::Text(match (self, value) {
            (_, AnyValue::Null) => return Cell::Null,
            (Self::Plain("BOOLEAN"), AnyValue::Boolean(value)) => value.to_string(),
            (Self::Plain("SMALLINT"), AnyValue::Int16(value)) => value.to_string(),
            (Self::Plain("INTEGER" | "BIGINT"), AnyValue::Int32(value)) => value.to_string(),
            (Self::Plain("BIGINT"), AnyValue::Int64(value)) => value.to_string(),
            (Self::Plain("VARCHAR") | Self::Json | Self::Digits | Self::Trimmed, AnyValue::String(text)) => {
                (*text).to_owned()
            }
            (Self::Decimal { precision, scale }, AnyValue::Decimal(value, digits, places)) => {
                assert_eq!((*precision, *scale), (*digits as i32, *places as i32));
                let digits = format!("{:0>width$}", value.unsigned_abs(), width = places + 1);
                let (whole, fraction) = digits.split_at(digits.len() - places);
                let point = if *places > 0 { "." } else { "" };
                format!("{}{whole}{point}{fraction}", if *value < 0 { "-" } else { "" })
            }
            (Self::Double("FLOAT"), AnyValue::Float32(value)) => format!("{value:?}"),
            (Self::Double("DOUBLE") | Self::Nearest, AnyValue::Float64(value)) => format!("{value:?}"),
            (Self::Hex, AnyValue::Binary(bytes)) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            (Self::Uuid, AnyValue::Binary(bytes)) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
            }
            (Self::Days, AnyValue::Date(days)) => {
                infinite((*days).into(), i32::MAX.into()).unwrap_or_else(|| days.to_string())
            }
            (Self::Micros(name), AnyValue::Datetime(micros, TimeUnit::Microseconds, zone)) => {
                assert_eq!(*name == "TIMESTAMP", zone.is_none(), "{value:?}");
                infinite(*micros, i64::MAX).unwrap_or_else(|| micros.to_string())
            }
            (Self::TimeOfDay, AnyValue::String(text)) => micros(text).to_string(),
            (Self::TimeAndOffset, AnyValue::String(text)) => {
                let at = text.rfind(['+', '-']).expect("an offset");
                let offset = micros(&text[at + 1..]) / 1_000_000;
                format!(
                    "{} {}{offset}",
                    micros(&text[..at]),
                    if &text[at..=at] == "-" && offset > 0 { "-" } else { "" }
                )
            }
            _ => panic!("{self:?} is {value:?} in the Parquet file"),
        })
    }
}

/// Microseconds of `HH:MM:SS.ffffff`.
fn micros(text: &str) -> i64 {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds = clock.split(':').fold(0, |total, part| total * 60 + part.parse::<i64>().expect("a number"));
    seconds * 1_000_000 + format!("{fraction:0<6}").parse::<i64>().expect("a fraction")
}

/// The items of an array in the lists that these lengths make of them, the last running fastest.
fn nested(lengths: &[usize], items: Vec<Cell>) -> Cell {
    let Some((_, inner)) = lengths.split_first() else { return Cell::Parts(items) };
    if inner.is_empty() {
        return Cell::Parts(items);
    }
    let size = inner.iter().product();
    Cell::Parts(items.chunks(size).map(|part| nested(inner, part.to_vec())).collect())
}

/// Whether a JSON document has half of a surrogate pair in any string.
fn holds_half_a_pair(text: &str) -> bool {
    let mut units = Vec::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let escape = if character == '\\' { characters.next() } else { None };
        if escape == Some('u') {
            let digits: String = characters.by_ref().take(4).collect();
            units.push(u16::from_str_radix(&digits, 16).expect("Postgres has checked it"));
        } else if std::char::decode_utf16(std::mem::take(&mut units)).any(|decoded| decoded.is_err()) {
            return true;
        }
    }
    false
}

fn parse(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn parts(json: &Json) -> &[Json] {
    json.as_array().unwrap_or_else(|| panic!("{json} is no array"))
}

/// Infinities have no number of days or microseconds, but both databases spell them alike.
fn finite(value: &str, text: &str, number: &str) -> String {
    format!("CASE WHEN isfinite({value}) THEN {number} ELSE {value}::{text} END")
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
