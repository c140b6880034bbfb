//! What can happen to the source and its settings, as text: a storm's steps can be printed, read and played again.

use super::source::{PRELUDE, Table};
use super::{Deletes, Storm};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A table with its first rows.
    Create { number: usize, name: String, statements: Vec<String> },
    /// A transaction, statement by statement; one text may hold several of them.
    Transaction(Vec<String>),
    /// A statement that no transaction may hold.
    Alone(String),
    /// `pg2duck setup` with the audit of the run, if it has one.
    Setup,
    /// `SYNC_TABLE_<NAME>_EXCLUDE` or `_MASK` gains a column.
    Setting { number: usize, name: String, mask: bool, column: String },
    /// `pg2duck once`, and everything is looked at.
    Cycle,
}

impl Step {
    pub fn one(statement: impl Into<String>) -> Self {
        Self::Transaction(vec![statement.into()])
    }

    /// Its statements, which can be left out one by one.
    pub fn statements(&mut self) -> Option<&mut Vec<String>> {
        match self {
            Self::Create { statements, .. } | Self::Transaction(statements) => Some(statements),
            _ => None,
        }
    }
}

/// The steps as a scripted case that `make case` can play, as far as it goes: it does not look at anything.
pub fn script(steps: &[Step], storm: &Storm) -> String {
    let mut lines = vec![
        "-- @env DIFF_INTERVAL=0s".to_owned(),
        "-- @env DELETE_BRAKE=100%".into(),
        "-- @env MASK_SALT=storm".into(),
        format!("-- @env SYNC_MODE={}", storm.mode.name()),
    ];
    lines.extend(PRELUDE.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
    for step in steps {
        match step {
            Step::Create { statements, .. } | Step::Transaction(statements) => {
                lines.extend(statements.iter().map(|statement| format!("{statement};")));
                lines.push("-- @note committed".into());
            }
            Step::Alone(statement) => lines.push(format!("{statement};\n-- @note alone")),
            Step::Setup if storm.deletes == Deletes::Diff => {}
            Step::Setup => lines.push(format!("-- @setup --no-notify --audit {}", storm.deletes.name())),
            Step::Setting { name, mask, column, .. } => {
                let kind = if *mask { "MASK" } else { "EXCLUDE" };
                lines.push(format!("-- @env 'SYNC_TABLE_{}_{kind}=\"{column}\"'", in_settings(name)));
            }
            Step::Cycle => lines.push("-- @once\n-- @rc 0".into()),
        }
    }
    lines.join("\n")
}

fn in_settings(table: &str) -> String {
    table.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
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
        let name = in_settings(&table.name);
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
