//! How a cell of each type is printed alike by Postgres and DuckDB, and which DuckDB type is faithful to it. Written from
//! the documentation of the two, independently of pg2duck's own table of types.

/// The canonical text of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendering {
    /// Both print it alike.
    Plain(&'static str),
    Decimal,
    /// The shortest text that reads back as the same double (or float).
    Double(&'static str),
    /// `character(n)` keeps its padding, which a cast to text would drop.
    Padded,
    Hex,
    Days,
    Micros(&'static str),
    TimeOfDay,
    Interval,
    List(Box<Rendering>),
}

impl Rendering {
    /// The rendering of a type as `format_type` prints it.
    pub fn of(declared: &str) -> Self {
        if let Some(element) = declared.strip_suffix("[]") {
            return Self::List(Box::new(Self::of(element)));
        }
        // `timestamp(0) with time zone` is `timestamp with time zone` in another precision.
        let bare = match (declared.find('('), declared.find(')')) {
            (Some(open), Some(close)) => format!("{}{}", &declared[..open], &declared[close + 1..]),
            _ => declared.to_owned(),
        };
        match bare.as_str() {
            "boolean" => Self::Plain("BOOLEAN"),
            "smallint" => Self::Plain("SMALLINT"),
            "integer" => Self::Plain("INTEGER"),
            "bigint" | "oid" => Self::Plain("BIGINT"),
            "uuid" => Self::Plain("UUID"),
            "json" | "jsonb" => Self::Plain("JSON"),
            "real" => Self::Double("FLOAT"),
            "double precision" => Self::Double("DOUBLE"),
            "numeric" if precision(declared).is_some_and(|precision| precision <= 38) => Self::Decimal,
            "numeric" => Self::Double("DOUBLE"),
            "character" => Self::Padded,
            "bytea" => Self::Hex,
            "date" => Self::Days,
            "timestamp without time zone" => Self::Micros("TIMESTAMP"),
            "timestamp with time zone" => Self::Micros("TIMESTAMP WITH TIME ZONE"),
            "time without time zone" => Self::TimeOfDay,
            "interval" => Self::Interval,
            _ => Self::Plain("VARCHAR"),
        }
    }

    /// The type that the lake's column should have.
    pub fn lake_type(&self, declared: &str) -> String {
        match self {
            Self::Plain(name) | Self::Double(name) | Self::Micros(name) => (*name).into(),
            Self::Decimal => declared.replace("numeric", "DECIMAL"),
            Self::Padded => "VARCHAR".into(),
            Self::Hex => "BLOB".into(),
            Self::Days => "DATE".into(),
            Self::TimeOfDay => "TIME".into(),
            Self::Interval => "INTERVAL".into(),
            Self::List(element) => format!("{}[]", element.lake_type(declared.trim_end_matches("[]"))),
        }
    }

    /// The text of an expression in Postgres.
    pub fn in_source(&self, value: &str) -> String {
        match self {
            Self::Plain(_) | Self::Decimal => format!("{value}::text"),
            // Via float8 for a numeric that no DECIMAL holds; exact for what is a float already.
            Self::Double("DOUBLE") => format!("{value}::float8::text"),
            Self::Double(_) => format!("{value}::text"),
            Self::Padded => format!("CASE WHEN {value} IS NOT NULL THEN concat({value}) END"),
            Self::Hex => format!("encode({value}, 'hex')"),
            Self::Days => finite(value, "text", &format!("({value} - date '1970-01-01')::text")),
            Self::Micros(_) => {
                finite(value, "text", &format!("(extract(epoch FROM {value}) * 1000000)::numeric(30,0)::text"))
            }
            Self::TimeOfDay => format!("(extract(epoch FROM {value}) * 1000000)::bigint::text"),
            Self::Interval => format!(
                "(extract(year FROM {value}) * 12 + extract(month FROM {value}))::bigint || ' ' || \
                 extract(day FROM {value})::bigint || ' ' || (extract(hour FROM {value}) * 3600000000 + \
                 extract(minute FROM {value}) * 60000000 + extract(microseconds FROM {value}))::bigint"
            ),
            Self::List(element) => format!(
                "CASE WHEN {value} IS NOT NULL THEN coalesce((SELECT json_agg({} ORDER BY n) \
                 FROM unnest({value}) WITH ORDINALITY AS u(e, n)), '[]')::text END",
                element.in_source("u.e")
            ),
        }
    }

    /// The same text of a column in DuckDB.
    pub fn in_lake(&self, value: &str) -> String {
        match self {
            Self::Plain(_) | Self::Decimal | Self::Double(_) | Self::Padded => format!("{value}::VARCHAR"),
            Self::Hex => format!("lower(hex({value}))"),
            Self::Days => finite(value, "VARCHAR", &format!("date_diff('day', DATE '1970-01-01', {value})::VARCHAR")),
            Self::Micros(_) => finite(value, "VARCHAR", &format!("epoch_us({value})::VARCHAR")),
            Self::TimeOfDay => format!("epoch_us({value})::VARCHAR"),
            Self::Interval => format!(
                "(date_part('year', {value}) * 12 + date_part('month', {value})) || ' ' || date_part('day', {value}) \
                 || ' ' || (date_part('hour', {value}) * 3600000000 + date_part('minute', {value}) * 60000000 \
                 + date_part('microseconds', {value}))"
            ),
            Self::List(element) => {
                format!("to_json(list_transform({value}, lambda e: {}))::VARCHAR", element.in_lake("e"))
            }
        }
    }

    /// One spelling of what the two still spell differently.
    pub fn canonical(&self, cell: &str) -> String {
        match self {
            Self::Double("FLOAT") => cell.parse::<f32>().map_or_else(|_| cell.into(), |value| format!("{value:?}")),
            Self::Double(_) => cell.parse::<f64>().map_or_else(|_| cell.into(), |value| format!("{value:?}")),
            Self::List(element) => match serde_json::from_str::<Vec<Option<String>>>(cell) {
                Ok(items) => {
                    let items: Vec<_> =
                        items.iter().map(|item| item.as_deref().map(|text| element.canonical(text))).collect();
                    format!("{items:?}")
                }
                Err(_) => cell.into(),
            },
            _ => cell.into(),
        }
    }
}

/// Infinities have no number of days or microseconds, but both databases spell them alike.
fn finite(value: &str, text: &str, number: &str) -> String {
    format!("CASE WHEN isfinite({value}) THEN {number} ELSE {value}::{text} END")
}

/// The first number in parentheses.
fn precision(declared: &str) -> Option<u32> {
    declared.split_once('(')?.1.split([',', ')']).next()?.parse().ok()
}
