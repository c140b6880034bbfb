//! Parsers for single values. Each error is a sentence: variable, bad value, accepted form.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// A whole number within `range`.
pub fn whole(name: &str, value: Option<&str>, default: u64, range: RangeInclusive<u64>) -> Result<u64, String> {
    let Some(text) = value else { return Ok(default) };
    match text.trim().parse::<u64>() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!(
            "{name}={text}: expected a whole number from {} to {}, as in {name}={default}",
            range.start(),
            range.end()
        )),
    }
}

/// One of these words.
pub fn choice<T: Copy>(name: &str, value: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let found = choices.iter().find(|(word, _)| value.trim().eq_ignore_ascii_case(word));
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        format!("{name}={value}: expected {}", words.join(" or "))
    })
}

/// A length of time: `30` (seconds), `45s`, `5min`, `2h`, `7d`.
pub fn duration(name: &str, value: Option<&str>, default: Duration) -> Result<Duration, String> {
    let Some(text) = value else { return Ok(default) };
    parse_duration(text).ok_or_else(|| format!("{name}={text}: expected a length of time such as 45s, 5min, 2h or 7d"))
}

fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let seconds: u64 = match unit.trim() {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number
        .parse::<u64>()
        .ok()?
        .checked_mul(seconds)
        .filter(|total| *total <= 10 * 365 * 86_400)
        .map(Duration::from_secs)
}

/// A memory size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Memory(u64);

impl Memory {
    /// No bound.
    pub const MAX: Self = Self(u64::MAX);

    /// So many million bytes.
    pub const fn megabytes(count: u64) -> Self {
        Self(count * 1_000_000)
    }

    /// `512MB`, `2GiB`.
    pub fn parse(name: &str, value: Option<&str>, default: Self) -> Result<Self, String> {
        let Some(text) = value.map(str::trim) else { return Ok(default) };
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let scale: u64 = match unit.trim() {
            "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => 0,
        };
        let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(scale));
        bytes
            .filter(|bytes| *bytes >= 1_000_000)
            .map(Self)
            .ok_or_else(|| format!("{name}={text}: expected a size such as 512MB or 2GB"))
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}B", self.0)
    }
}

/// How deleted rows are found (`DELETES`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Deletes {
    /// By the audit table where its triggers are installed, else by comparing keys.
    #[default]
    Auto,
    /// By the audit table; a table without its triggers is an error.
    Audit,
    /// By comparing keys.
    Diff,
    /// Not at all.
    Off,
}

impl Deletes {
    /// As the setting spells them.
    pub const NAMES: [(&'static str, Self); 4] =
        [("auto", Self::Auto), ("audit", Self::Audit), ("diff", Self::Diff), ("off", Self::Off)];
}

/// Whether lake tables declare their keys (`DUCKDB_PRIMARY_KEY`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeclareKey {
    /// Where the index is small.
    #[default]
    Auto,
    Always,
    Never,
}

impl DeclareKey {
    /// `auto` (default), `always` or `never`.
    pub fn parse(value: Option<&str>) -> Result<Self, String> {
        let choices = [("auto", Self::Auto), ("always", Self::Always), ("never", Self::Never)];
        value.map_or(Ok(Self::Auto), |value| choice("DUCKDB_PRIMARY_KEY", value, &choices))
    }
}

/// A share in percent: `30`, `30%`.
pub fn percent(name: &str, value: Option<&str>, default: u64) -> Result<u64, String> {
    let Some(text) = value else { return Ok(default) };
    let number = text.trim().trim_end_matches('%').trim_end().parse().ok();
    number.filter(|share| *share <= 100).ok_or_else(|| format!("{name}={text}: expected a share such as {default}%"))
}

/// Which applied Parquet batches are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Those applied within this time.
    Age(Duration),
    /// The newest so many files of each table.
    Count(u64),
    Forever,
}

impl Retention {
    const DEFAULT: Self = Self::Age(Duration::from_secs(7 * 86_400));

    /// `7d` or `12h` (age), `500` (files per table), `forever`.
    pub fn parse(value: Option<&str>) -> Result<Self, String> {
        let Some(text) = value.map(str::trim) else { return Ok(Self::DEFAULT) };
        if text.eq_ignore_ascii_case("forever") {
            return Ok(Self::Forever);
        }
        if let Ok(count) = text.parse() {
            return Ok(Self::Count(count));
        }
        parse_duration(text).map(Self::Age).ok_or_else(|| {
            format!(
                "PARQUET_RETENTION={text}: expected an age such as 7d or 12h, a number of files such as 500, or forever"
            )
        })
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl LogFormat {
    /// `text` (default) or `json`.
    pub fn parse(value: Option<&str>) -> Result<Self, String> {
        value.map_or(Ok(Self::Text), |value| choice("LOG_FORMAT", value, &[("text", Self::Text), ("json", Self::Json)]))
    }
}
