//! When a value that Postgres prints and a value that DuckDB prints are the same: as texts, but for the spellings in which
//! the two differ.

use regex::Regex;
use serde_json::Value;
use std::fmt;
use std::sync::LazyLock;

/// A value as text; arrays item by item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    Null,
    Text(String),
    List(Vec<Cell>),
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Text(text) => write!(f, "{:?}", text.chars().take(60).collect::<String>()),
            Self::List(items) => {
                let items: Vec<_> = items.iter().take(8).map(Self::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
        }
    }
}

impl Cell {
    pub fn text(value: Option<String>) -> Self {
        value.map_or(Self::Null, Self::Text)
    }

    /// An array as Postgres prints it; anything else is text.
    pub fn postgres_array(text: &str) -> Self {
        // Bounds other than 1 are printed before: [0:2]={…}. The lake does not know them.
        let items = text.find("={").filter(|_| text.starts_with('[')).map_or(text, |at| &text[at + 1..]);
        let mut rest = items.chars().peekable();
        match rest.next() {
            Some('{') => list(&mut rest),
            _ => Self::Text(text.to_owned()),
        }
    }

    /// A list of texts that DuckDB has written as JSON.
    pub fn json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::json).collect()),
            other => Self::Text(other.to_string()),
        }
    }

    /// Whether this value of the source is that one in the lake.
    pub fn is_same(&self, lake: &Self) -> bool {
        match (self, lake) {
            (Self::List(own), Self::List(other)) => {
                own.len() == other.len() && own.iter().zip(other).all(|(own, other)| own.is_same(other))
            }
            (Self::Text(own), Self::Text(other)) => is_same_text(own, other),
            _ => self == lake,
        }
    }
}

/// The items up to the closing brace, which is taken, too.
fn list(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Cell {
    let mut items = Vec::new();
    while let Some(character) = rest.next() {
        match character {
            '}' => break,
            ',' => {}
            '{' => items.push(list(rest)),
            '"' => items.push(Cell::Text(quoted(rest))),
            first => {
                let mut item = String::from(first);
                while let Some(next) = rest.next_if(|next| !matches!(next, ',' | '}')) {
                    item.push(next);
                }
                items.push(if item == "NULL" { Cell::Null } else { Cell::Text(item) });
            }
        }
    }
    Cell::List(items)
}

fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut item = String::new();
    while let Some(character) = rest.next() {
        match character {
            '"' => break,
            '\\' => item.extend(rest.next()),
            other => item.push(other),
        }
    }
    item
}

fn is_same_text(source: &str, lake: &str) -> bool {
    let (own, other) = (source.to_lowercase(), lake.to_lowercase());
    if source == lake || word(&own) == word(&other) || stamp(source) == stamp(lake) || span(source) == span(lake) {
        return true;
    }
    // 1 and 1.0: only where the lake prints a floating-point number.
    match (own.parse::<f64>(), other.parse::<f64>()) {
        (Ok(own), Ok(number)) => own == number && (other.contains('e') || lake.contains('.')),
        _ => false,
    }
}

fn word(text: &str) -> &str {
    match text {
        "t" => "true",
        "f" => "false",
        "-infinity" => "-inf",
        "infinity" => "inf",
        other => other,
    }
}

/// A date or time with its year in one form: DuckDB prints (BC) behind the date and no zeros before the year.
fn stamp(text: &str) -> String {
    static STAMP: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^-?(\d+)-(\d\d)-(\d\d)( \(BC\))?(.*?)( BC)?$").unwrap());
    let Some(parts) = STAMP.captures(text) else { return text.to_owned() };
    let era = if parts.get(4).or(parts.get(6)).is_some() { "BC" } else { "" };
    format!("{era}{}-{}-{}{}", parts[1].trim_start_matches('0'), &parts[2], &parts[3], &parts[5])
}

/// An interval with one name for each unit.
fn span(text: &str) -> String {
    static MONTHS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bmons?\b").unwrap());
    static PLURALS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(month|day|year)s\b").unwrap());
    static PLUS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\+(\d)").unwrap());
    let text = MONTHS.replace_all(text, "month");
    let text = PLURALS.replace_all(&text, "$1");
    PLUS.replace_all(&text, "$1").into_owned()
}
