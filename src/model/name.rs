//! The names of tables: display, comparison, and a form that is safe in a path.

use super::sql::quote;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A table by schema and name, as the catalog spells them (unquoted, case kept).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableName {
    pub schema: String,
    pub table: String,
}

impl TableName {
    /// A table's name from its two parts.
    pub fn new(schema: impl Into<String>, table: impl Into<String>) -> Self {
        Self { schema: schema.into(), table: table.into() }
    }

    /// `"schema"."table"`, for SQL.
    pub fn quoted(&self) -> String {
        format!("{}.{}", quote(&self.schema), quote(&self.table))
    }

    /// The variable that holds this setting of the table: `SYNC_TABLE_ORDERS_MODE`.
    pub fn variable(&self, setting: &str) -> String {
        format!("SYNC_TABLE_{}_{setting}", variable_name(&self.table))
    }

    /// Without case, as DuckDB compares names.
    #[must_use]
    pub fn folded(&self) -> Self {
        Self::new(self.schema.to_lowercase(), self.table.to_lowercase())
    }

    /// Whether DuckDB takes both for one table.
    pub fn same_in_duckdb(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }

    /// `schema.table` with every character that a path cannot safely hold percent-encoded, so that two tables never
    /// share a folder, not even on a file system that ignores case (a bind mount on macOS).
    ///
    /// A name that no file system takes (255 bytes at most) is cut, and told from others by a hash of all of it.
    pub fn folder(&self) -> String {
        let whole = format!("{}.{}", file_safe(&self.schema), file_safe(&self.table));
        if whole.len() <= LONGEST_FOLDER {
            return whole;
        }
        let end = (0..=LONGEST_FOLDER - 20).rev().find(|end| whole.is_char_boundary(*end)).unwrap_or(0);
        format!("{}~{:016x}", &whole[..end], fnv1a(&whole))
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}

/// Bytes of a folder's name, with room for what a file system or a tool may add.
const LONGEST_FOLDER: usize = 240;

/// 64 bits of FNV-1a: the same for ever, and a guard against nothing but chance.
pub fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A table's name as environment variables spell it: uppercase, every other character an underscore.
pub fn variable_name(name: &str) -> String {
    name.to_uppercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}

fn file_safe(part: &str) -> String {
    let mut safe = String::with_capacity(part.len());
    for character in part.chars() {
        if (character.is_alphanumeric() && !character.is_uppercase()) || matches!(character, '_' | '-') {
            safe.push(character);
        } else {
            let mut bytes = [0; 4];
            safe.extend(character.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_different_tables_never_collide() {
        let upper = TableName::new("public", "Users").folder();
        assert_eq!(upper, "public.%55sers");
        assert_ne!(upper, TableName::new("public", "users").folder());
        assert_ne!(TableName::new("a.b", "c").folder(), TableName::new("a", "b.c").folder());
        assert!(!TableName::new("../x", "..").folder().contains('/'));
        let long = |last: &str| TableName::new("REPORTING", format!("{}{last}", "Größe ".repeat(40))).folder();
        assert_ne!(long("a"), long("b"));
        assert!(long("a").len() <= LONGEST_FOLDER && long("a") == long("a"));
    }
}
