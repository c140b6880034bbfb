//! Settings of single tables: `SYNC_TABLE_<NAME>_<SETTING>`, over the global ones that mean the same.

use super::{Problems, raw::RawEnv, selection::split_outside_quotes};
use crate::names::TableName;
use std::collections::BTreeMap;

/// What may be said of one table. `None` leaves the choice to discovery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableSettings {
    /// Key columns, in order.
    pub key: Option<Vec<String>>,
    /// The cursor column, or `xmin` for none.
    pub cursor: Option<String>,
}

/// Per-table settings by environment name, and the global ones for all other tables.
#[derive(Debug, Clone, Default)]
pub struct TableSettingsMap {
    global: TableSettings,
    per_table: BTreeMap<String, TableSettings>,
}

const SETTINGS: &str = "PRIMARY_KEY, CURSOR_COLUMN";

impl TableSettingsMap {
    pub(super) fn from_raw(raw: &RawEnv, problems: &mut Problems) -> Self {
        let global = TableSettings {
            key: raw.postgres_primary_key.as_deref().map(columns),
            cursor: raw.cursor_column.clone().map(|name| unquote(&name)),
        };
        let mut per_table: BTreeMap<String, TableSettings> = BTreeMap::new();
        for (variable, value) in &raw.per_table {
            if let Some(name) = variable.strip_suffix("_PRIMARY_KEY") {
                per_table.entry(name.to_owned()).or_default().key = Some(columns(value));
            } else if let Some(name) = variable.strip_suffix("_CURSOR_COLUMN") {
                per_table.entry(name.to_owned()).or_default().cursor = Some(unquote(value));
            } else {
                problems.add(format!(
                    "SYNC_TABLE_{variable}: unknown setting; expected SYNC_TABLE_<NAME>_ and one of {SETTINGS}"
                ));
            }
        }
        Self { global, per_table }
    }

    /// The settings of this table: `<SCHEMA>_<TABLE>` first, then `<TABLE>`, then the global ones.
    pub fn of(&self, name: &TableName) -> TableSettings {
        let table = variable_name(&name.table);
        let qualified = format!("{}_{table}", variable_name(&name.schema));
        let pick = |field: fn(&TableSettings) -> bool| {
            [&qualified, &table]
                .into_iter()
                .filter_map(|key| self.per_table.get(key))
                .find(|own| field(own))
                .unwrap_or(&self.global)
        };
        TableSettings {
            key: pick(|own| own.key.is_some()).key.clone(),
            cursor: pick(|own| own.cursor.is_some()).cursor.clone(),
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
