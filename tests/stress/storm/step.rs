//! What can happen to the source and its settings, as text: a storm's steps can be printed, read and played again.

use super::source::Table;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A transaction, statement by statement; one text may hold several of them.
    Transaction(Vec<String>),
    /// A statement that no transaction may hold.
    Alone(String),
    /// `pg2duck setup` with the audit of the run, if it has one.
    Setup,
    /// `SYNC_TABLE_<NAME>_EXCLUDE` or `_MASK` gains a column.
    Setting { table: usize, mask: bool, column: String },
    /// `pg2duck once`, and everything is looked at.
    Cycle,
}

impl Step {
    pub fn one(statement: impl Into<String>) -> Self {
        Self::Transaction(vec![statement.into()])
    }
}

impl fmt::Display for Step {
    /// In the words of a scripted case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transaction(statements) => statements.iter().try_for_each(|statement| writeln!(f, "{statement};"))?,
            Self::Alone(statement) => writeln!(f, "-- @note alone\n{statement};")?,
            Self::Setup => return write!(f, "-- @setup"),
            Self::Setting { table, mask, column } => {
                return write!(f, "-- @note {} {column} of table {table}", if *mask { "MASK" } else { "EXCLUDE" });
            }
            Self::Cycle => return write!(f, "-- @once"),
        }
        write!(f, "-- @note committed")
    }
}

/// Names that are left out or masked, per table.
#[derive(Debug, Clone, Default)]
pub struct Hidden {
    pub excluded: Vec<String>,
    pub masked: Vec<String>,
}

impl Hidden {
    pub fn holds(&self, name: &str) -> bool {
        self.names().iter().any(|own| own == name)
    }

    pub fn names(&self) -> Vec<String> {
        self.excluded.iter().chain(&self.masked).cloned().collect()
    }

    /// The settings that say so.
    pub fn settings(&self, table: &Table) -> Vec<(String, String)> {
        let name: String =
            table.name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        let list = |names: &[String]| {
            names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect::<Vec<_>>().join(",")
        };
        [("EXCLUDE", &self.excluded), ("MASK", &self.masked)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(kind, names)| (format!("SYNC_TABLE_{name}_{kind}"), list(names)))
            .collect()
    }
}
