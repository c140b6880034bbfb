//! Settings of single tables: `SYNC_TABLE_<NAME>_<SETTING>`, over the global ones that mean the same.

use super::{Deletes, Problems, raw::RawEnv, selection::split_outside_quotes, values};
use crate::model::{Mode, NumericAs, RejectPolicy, TableName};
use std::collections::BTreeMap;

/// What may be said of one table. `None` leaves the choice to discovery or to the default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableSettings {
    /// Key columns, in order.
    pub key: Option<Vec<String>>,
    /// The cursor column, or `xmin` for none.
    pub cursor: Option<String>,
    /// The only columns to copy.
    pub columns: Option<Vec<String>>,
    /// Columns not to copy.
    pub exclude: Option<Vec<String>>,
    /// Columns of which only a hash leaves the source.
    pub mask: Option<Vec<String>>,
    pub numeric: Option<NumericAs>,
    pub rejects: Option<RejectPolicy>,
    pub mode: Option<Mode>,
    pub deletes: Option<Deletes>,
}

/// Per-table settings by environment name, and the global ones for all other tables.
#[derive(Debug, Clone, Default)]
pub struct TableSettingsMap {
    global: TableSettings,
    per_table: BTreeMap<String, TableSettings>,
}

/// The settings that a single table may have, as its variables end.
const SETTINGS: [&str; 9] =
    ["PRIMARY_KEY", "CURSOR_COLUMN", "COLUMNS", "EXCLUDE", "MASK", "NUMERIC", "REJECTS", "MODE", "DELETES"];

impl TableSettingsMap {
    pub(super) fn from_raw(raw: &RawEnv, problems: &mut Problems) -> Self {
        let mut map = Self::default();
        let global = [
            ("POSTGRES_PRIMARY_KEY", "PRIMARY_KEY", &raw.postgres_primary_key),
            ("CURSOR_COLUMN", "CURSOR_COLUMN", &raw.cursor_column),
            ("NUMERIC", "NUMERIC", &raw.numeric),
            ("REJECTS", "REJECTS", &raw.rejects),
            ("SYNC_MODE", "MODE", &raw.sync_mode),
            ("DELETES", "DELETES", &raw.deletes),
        ];
        for (name, setting, value) in global {
            if let Some(value) = value {
                map.global.set(name, setting, value, problems);
            }
        }
        for (variable, value) in &raw.per_table {
            let found = SETTINGS.iter().find_map(|setting| {
                let table = variable.strip_suffix(setting)?.strip_suffix('_')?;
                (!table.is_empty()).then_some((table, setting))
            });
            match found {
                Some((table, setting)) => {
                    let own = map.per_table.entry(table.to_owned()).or_default();
                    own.set(&format!("SYNC_TABLE_{variable}"), setting, value, problems);
                }
                None => problems.add(format!(
                    "SYNC_TABLE_{variable}: unknown setting; expected SYNC_TABLE_<NAME>_ and one of {}",
                    SETTINGS.join(", ")
                )),
            }
        }
        map
    }

    /// The settings of this table: `<SCHEMA>_<TABLE>` first, then `<TABLE>`, then the global ones.
    pub fn of(&self, name: &TableName) -> TableSettings {
        let table = variable_name(&name.table);
        let qualified = format!("{}_{table}", variable_name(&name.schema));
        let own = |name: &String| self.per_table.get(name).cloned().unwrap_or_default();
        own(&qualified).over(own(&table)).over(self.global.clone())
    }
}

impl TableSettings {
    fn set(&mut self, name: &str, setting: &str, value: &str, problems: &mut Problems) {
        match setting {
            "PRIMARY_KEY" => self.key = Some(columns(value)),
            "CURSOR_COLUMN" => self.cursor = Some(unquote(value)),
            "COLUMNS" => self.columns = Some(columns(value)),
            "EXCLUDE" => self.exclude = Some(columns(value)),
            "MASK" => self.mask = Some(columns(value)),
            "NUMERIC" => {
                let choices = [("double", NumericAs::Double), ("text", NumericAs::Text)];
                self.numeric = Some(problems.keep(values::choice(name, value, &choices), NumericAs::default()));
            }
            "MODE" => self.mode = Some(problems.keep(values::choice(name, value, &Mode::NAMES), Mode::default())),
            "DELETES" => {
                self.deletes = Some(problems.keep(values::choice(name, value, &Deletes::NAMES), Deletes::default()));
            }
            _ => {
                let choices = [("keep", RejectPolicy::Keep), ("stop", RejectPolicy::Stop)];
                self.rejects = Some(problems.keep(values::choice(name, value, &choices), RejectPolicy::default()));
            }
        }
    }

    /// These settings, and the fallback's where these say nothing.
    fn over(self, fallback: Self) -> Self {
        Self {
            key: self.key.or(fallback.key),
            cursor: self.cursor.or(fallback.cursor),
            columns: self.columns.or(fallback.columns),
            exclude: self.exclude.or(fallback.exclude),
            mask: self.mask.or(fallback.mask),
            numeric: self.numeric.or(fallback.numeric),
            rejects: self.rejects.or(fallback.rejects),
            mode: self.mode.or(fallback.mode),
            deletes: self.deletes.or(fallback.deletes),
        }
    }
}

/// A table's name as environment variables spell it: uppercase, every other character an underscore.
pub fn variable_name(name: &str) -> String {
    name.to_uppercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}

fn columns(list: &str) -> Vec<String> {
    split_outside_quotes(list, ',').into_iter().map(unquote).filter(|name| !name.is_empty()).collect()
}

fn unquote(name: &str) -> String {
    let name = name.trim();
    match name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}
