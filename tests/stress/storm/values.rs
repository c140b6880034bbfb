//! Values of every type that the storm uses, as literals of SQL, and how a column of one type becomes one of another.
//!
//! Texts hold a word that is used once in a run, so that it can be looked for where it must not be. Numbers have few digits,
//! and few values come up often: the same value again, and one that almost equals it, are what a comparison trips over.

use crate::support::{Column, Random, Rendering};

/// Types of a column that is added, or that another becomes.
pub const TYPES: [&str; 26] = [
    "smallint",
    "integer",
    "bigint",
    "numeric(10,2)",
    "numeric(14,4)",
    "numeric",
    "real",
    "double precision",
    "boolean",
    "text",
    "text",
    "character varying(40)",
    "character(30)",
    "uuid",
    "date",
    "timestamp without time zone",
    "timestamp with time zone",
    "time without time zone",
    "interval",
    "jsonb",
    "bytea",
    "integer[]",
    "text[]",
    "interval[]",
    "test.spot",
    "test.mood",
];

/// Types that hold all values of the one before: where they read alike, or nothing of the past is kept, the lake's column goes on.
pub const WIDER: [(&str, &str); 10] = [
    ("smallint", "integer"),
    ("integer", "bigint"),
    ("numeric(10,2)", "numeric(14,2)"),
    ("numeric(10,2)", "numeric(14,4)"),
    ("numeric(14,2)", "numeric(14,4)"),
    ("real", "double precision"),
    ("date", "timestamp without time zone"),
    ("character varying(40)", "text"),
    ("integer", "text"),
    ("bigint", "text"),
];

/// Types that share their bytes: the change rewrites nothing, and every row reads differently.
pub const SAME_BYTES: [(&str, &str); 2] = [("integer", "oid"), ("cidr", "inet")];

/// Numbers that have not been used in this run.
pub struct Fresh(u64);

impl Fresh {
    pub fn new() -> Self {
        Self(1000)
    }

    pub fn number(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    /// A word that stands nowhere else.
    pub fn word(&mut self) -> String {
        format!("{WORD}{}x", self.number())
    }
}

/// How every word begins.
pub const WORD: &str = "tok";

/// The words in a text.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(WORD).filter_map(|(at, _)| {
        let digits = text[at + WORD.len()..].find(|c: char| !c.is_ascii_digit())?;
        let end = at + WORD.len() + digits + 1;
        (digits > 0 && text[..end].ends_with('x')).then(|| &text[at..end])
    })
}

/// A value for the column, or NULL where it may be.
pub fn value(column: &Column, required: bool, random: &mut Random, fresh: &mut Fresh) -> String {
    if !required && random.chance(12) {
        return "NULL".into();
    }
    quoted(&text(column, random, fresh))
}

pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A value for a column of the key: new, or one of few where another column tells rows apart.
pub fn key_value(column: &Column, one_of_few: bool, random: &mut Random, fresh: &mut Fresh) -> String {
    let number = if one_of_few { random.below(3) + 1 } else { fresh.number() };
    quoted(&match column.declared.as_str() {
        "uuid" => uuid(number),
        "text" if !one_of_few => format!("key {number} it's"),
        _ => number.to_string(),
    })
}

fn uuid(number: u64) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// What the type's input function takes.
fn text(column: &Column, random: &mut Random, fresh: &mut Fresh) -> String {
    let mut pick = |texts: &[&str]| texts[random.below(texts.len() as u64) as usize].to_owned();
    match column.declared.as_str() {
        "smallint" | "integer" | "bigint" | "oid" => random.below(50).to_string(),
        "real" | "double precision" => (random.below(80) as f64 / 10.0 - 2.0).to_string(),
        "boolean" => pick(&["t", "f"]),
        "text" => match random.below(10) {
            0 => pick_text(random).into(),
            _ => format!("{} it's \"ä\"", fresh.word()),
        },
        "character varying(40)" | "character(30)" => fresh.word(),
        "uuid" => uuid(fresh.number()),
        "date" => format!("2024-02-{:02}", random.below(28) + 1),
        "timestamp without time zone" | "timestamp with time zone" => {
            format!("2024-02-{:02} 12:{:02}:00.{}", random.below(28) + 1, random.below(60), random.below(1_000_000))
        }
        "time without time zone" => format!("12:{:02}:00.5", random.below(60)),
        "interval" => pick(&INTERVALS),
        "interval[]" => format!("{{{},{}}}", pick(&INTERVALS), pick(&INTERVALS)),
        "jsonb" => format!("{{\"a\": {}, \"word\": \"{}\"}}", random.below(9), fresh.word()),
        "bytea" => format!("\\x{:08x}", fresh.number()),
        "integer[]" => pick(&["{}", "{1,2,3}", "{1,NULL}", "{7}"]),
        "text[]" => format!("{{{},\"a, b\",NULL}}", fresh.word()),
        "test.mood" => pick(&["sad", "ok", "very happy"]),
        "cidr" | "inet" => format!("10.0.{}.0/24", random.below(200)),
        "test.spot" => spot(column, random, fresh),
        numeric if numeric.starts_with("numeric") => pick(&["0", "1", "1.50", "-2.25", "12345.67", "0.05"]),
        other => panic!("no values of type {other}"),
    }
}

/// Lengths of time that DuckDB holds equal, among others.
const INTERVALS: [&str; 7] = ["1 mon", "30 days", "1 day", "24:00:00", "1 mon 2 days 03:04:05.5", "-1 years", "0"];

fn pick_text(random: &mut Random) -> &'static str {
    ["", "null", "NULL", "a\tb\n\\c", "'", "1.50", "ß 🦆"][random.below(7) as usize]
}

fn spot(column: &Column, random: &mut Random, fresh: &mut Fresh) -> String {
    let Rendering::Struct(fields) = &column.rendering else { panic!("{column:?} is no composite") };
    let more: String = (2..fields.len()).map(|_| format!(",{}", random.below(5))).collect();
    format!("({},{}{more})", random.below(9), fresh.word())
}

/// What makes a value of this type of a column of any other; NULL stays NULL.
pub fn converted(column: &str, from: &str, to: &str) -> String {
    let text = format!("{column}::text");
    let length = format!("length({text})");
    match to {
        _ if SAME_BYTES.contains(&(from, to)) || WIDER.contains(&(from, to)) => format!("{column}::{to}"),
        "text" | "character varying(40)" | "character(30)" => format!("left({text}, 30)::{to}"),
        "boolean" => format!("{length} % 2 = 0"),
        "uuid" => format!("md5({text})::uuid"),
        "date" | "timestamp without time zone" => format!("({to} '2024-01-01' + {length} * interval '1 day')::{to}"),
        "timestamp with time zone" => format!("timestamptz '2024-01-01 00:00:00+00' + {length} * interval '1 day'"),
        "time without time zone" => format!("time '00:00' + {length} * interval '1 minute'"),
        // Postgres 15 cannot print what names an argument ("unrecognized node type") where a table has partitions.
        "interval" => format!("{length} * interval '1 day'"),
        "interval[]" => format!("CASE WHEN {column} IS NOT NULL THEN ARRAY[{length} * interval '1 day'] END"),
        "jsonb" => format!("to_jsonb({text})"),
        "bytea" => format!("decode(md5({text}), 'hex')"),
        "integer[]" => format!("CASE WHEN {column} IS NOT NULL THEN ARRAY[{length}] END"),
        "text[]" => format!("CASE WHEN {column} IS NOT NULL THEN ARRAY[{text}] END"),
        "test.mood" => format!("CASE WHEN {column} IS NOT NULL THEN 'ok'::test.mood END"),
        "test.spot" => format!(
            "CASE WHEN {column} IS NOT NULL THEN jsonb_populate_record(NULL::test.spot, jsonb_build_object('x', {length})) END"
        ),
        number => format!("{length}::{number}"),
    }
}
