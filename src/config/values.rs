//! The values that settings have, and the parsers of single values.

use super::Secret;
use super::setting::Form;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// `true` or `false`.
pub const SWITCH: Form<bool> = Form::Words(&[("true", true), ("false", false)]);
/// A length of time: `30` (seconds), `45s`, `5min`, `2h`, `7d`.
pub const LENGTH: Form<Duration> = Form::Like("a length of time such as 45s, 5min, 2h or 7d", duration);
/// A share in percent: `30`, `30%`.
pub const SHARE: Form<u64> = Form::Like("a share such as 30%", share);
/// A size in bytes.
pub const SIZE: Form<Memory> = Form::Like("a size such as 512MB or 2GB", Memory::parse);
/// A folder; it is made where it is missing.
pub const FOLDER: Form<PathBuf> = Form::Like("a folder", path);
/// A file.
pub const FILE: Form<PathBuf> = Form::Like("a file", path);
/// A secret of any text.
pub const SECRET: Form<Secret> = Form::Like("any text", |text| Some(Secret::new(text)));

/// Any text, which is to be what the words say.
pub const fn text(words: &'static str) -> Form<String> {
    Form::Like(words, |text| Some(text.to_owned()))
}

fn path(text: &str) -> Option<PathBuf> {
    Some(PathBuf::from(text))
}

fn share(text: &str) -> Option<u64> {
    text.trim().trim_end_matches('%').trim_end().parse().ok().filter(|share| *share <= 100)
}

fn duration(text: &str) -> Option<Duration> {
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

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
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
        bytes.filter(|bytes| *bytes >= 1_000_000).map(Self)
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}B", self.0)
    }
}

/// How deleted rows are found (`DELETES`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletes {
    /// By the audit table where its triggers are installed, else by comparing keys.
    Auto,
    /// By the audit table; a table without its triggers is an error.
    Audit,
    /// By comparing keys.
    Diff,
    /// Not at all.
    Off,
}

impl Deletes {
    pub const FORM: Form<Self> =
        Form::Words(&[("auto", Self::Auto), ("audit", Self::Audit), ("diff", Self::Diff), ("off", Self::Off)]);
}

/// Whether lake tables declare their keys (`DUCKDB_PRIMARY_KEY`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclareKey {
    /// Where the index is small.
    Auto,
    Always,
    Never,
}

impl DeclareKey {
    pub const FORM: Form<Self> = Form::Words(&[("auto", Self::Auto), ("always", Self::Always), ("never", Self::Never)]);
}

/// Which applied Parquet batches are kept (`PARQUET_RETENTION`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Those applied within this time.
    Age(Duration),
    /// The newest so many files of each table.
    Count(u64),
    Forever,
}

impl Retention {
    pub const FORM: Form<Self> =
        Form::Like("an age such as 7d or 12h, a number of files such as 500, or forever", Self::parse);

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("forever") {
            return Some(Self::Forever);
        }
        text.parse().map(Self::Count).ok().or_else(|| duration(text).map(Self::Age))
    }
}

/// How log lines look (`LOG_FORMAT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl LogFormat {
    pub const FORM: Form<Self> = Form::Words(&[("text", Self::Text), ("json", Self::Json)]);
}
