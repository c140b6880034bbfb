//! Choices that users make by a word.

use serde::{Deserialize, Serialize};

/// What happens to a value that the lake's type cannot hold (`REJECTS`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RejectPolicy {
    /// The row lands with NULL there, and `_pg2duck.rejects` has the rest.
    #[default]
    Keep,
    /// The table stops.
    Stop,
}

/// What becomes of a `numeric` that no DECIMAL holds (`NUMERIC`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NumericAs {
    #[default]
    Double,
    Text,
}

/// Whether a `char(n)` keeps the blanks that pad it (`CHAR`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CharAs {
    #[default]
    Padded,
    Trimmed,
}

/// What a column is read as in place of what its type usually becomes (`TYPE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadAs {
    /// What `to_json` makes of it.
    Json,
    /// What Postgres prints.
    Text,
}

/// What the audit triggers record (`AUDIT`, `setup --audit`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Audit {
    /// The keys of deleted rows
    Keys,
    /// Every insert, update and delete, with the rows themselves
    Full,
    /// Nothing
    Off,
}

/// How deleted rows are found, once settings and the source's triggers are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeletesBy {
    /// Triggers record them.
    #[serde(rename = "audit")]
    Audit,
    /// Keys are compared once in a while.
    #[serde(rename = "diff")]
    Comparison,
    /// The table is read in full at every cycle, which leaves nothing behind.
    #[serde(rename = "full read", alias = "full copy")]
    FullRead,
    /// Not at all.
    #[serde(rename = "off")]
    Off,
}

impl DeletesBy {
    /// As `status` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Comparison => "diff",
            Self::FullRead => "full read",
            Self::Off => "off",
        }
    }
}
