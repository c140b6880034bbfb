//! The columns that keys are made of: how each travels in the audit table's JSON, and when two values count as one.
//!
//! Nothing here depends on the session's settings, nor calls anything that a user could define.

use crate::model::sql::{literal, quote};

/// A column that a key is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyColumn {
    pub name: String,
    type_oid: u32,
    form: Form,
    not_null: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// JSON holds it exactly, whatever the session's settings; equal values look the same.
    Plain,
    /// Text: equal values may differ under a collation of the user's.
    Text,
    /// Travels as its text.
    Other,
}

/// Object identifiers of bool, int8, int2, int4, oid, date, timestamp, timestamptz, uuid; fixed for ever.
const PLAIN: [u32; 9] = [16, 20, 21, 23, 26, 1082, 1114, 1184, 2950];
/// name, text, bpchar, varchar.
const TEXT: [u32; 4] = [19, 25, 1042, 1043];
/// From here on, identifiers are given out by each cluster, and differ after a restore.
const FIRST_OF_A_CLUSTER: u32 = 10_000;

impl KeyColumn {
    /// A column of this type.
    pub fn new(name: String, type_oid: u32, not_null: bool) -> Self {
        let form = match type_oid {
            oid if PLAIN.contains(&oid) => Form::Plain,
            oid if TEXT.contains(&oid) => Form::Text,
            _ => Form::Other,
        };
        Self { name, type_oid, form, not_null }
    }

    /// Whether its text depends on the session's settings.
    pub(super) fn needs_pins(&self) -> bool {
        self.form == Form::Other
    }

    /// What JSON takes it from.
    pub(super) fn value(&self, row: &str) -> String {
        let column = format!("{row}.{}", quote(&self.name));
        match self.form {
            Form::Other if self.not_null => format!("concat({column})"),
            Form::Other => format!("CASE WHEN {column} IS NOT NULL THEN concat({column}) END"),
            Form::Plain | Form::Text => column,
        }
    }

    /// The row of `pg_attribute` that this column has as long as it is called so and is of the type that it was given here.
    pub(super) fn unchanged(&self) -> String {
        let name = literal(&self.name);
        match self.type_oid {
            oid if oid < FIRST_OF_A_CLUSTER => format!("attname = {name} AND atttypid = {oid}"),
            _ => format!("attname = {name} AND atttypid >= {FIRST_OF_A_CLUSTER}"),
        }
    }

    /// What JSON takes it from, of whatever type it is by then: as `value` says for that type.
    pub(super) fn value_of_any_type(&self, row: &str) -> String {
        let column = format!("{row}.{}", quote(&self.name));
        let plain = PLAIN.map(|oid| oid.to_string()).join(", ");
        let other = if self.not_null { "ELSE" } else { &format!("WHEN {column} IS NOT NULL THEN") };
        format!(
            "CASE WHEN pg_typeof({column})::oid IN ({plain}) THEN to_jsonb({column}) {other} to_jsonb(concat({column})) END"
        )
    }

    /// Its text, of whatever type it is by then, to be compared byte by byte.
    pub(super) fn printed(&self, row: &str) -> String {
        let column = format!("{row}.{}", quote(&self.name));
        match self.not_null {
            true => format!("concat({column}) COLLATE \"C\""),
            false => format!("CASE WHEN {column} IS NOT NULL THEN concat({column}) END COLLATE \"C\""),
        }
    }

    /// What is equal only when the values look the same: in the lake, 1.0 and 1.00 may be two keys.
    pub(super) fn exact(&self, row: &str) -> String {
        let column = format!("{row}.{}", quote(&self.name));
        match self.form {
            Form::Plain => column,
            Form::Text => format!("{column} COLLATE \"C\""),
            Form::Other => self.value(row),
        }
    }
}
