//! The columns that keys are made of: how each travels in the audit table's JSON, and when two values count as one.
//!
//! Nothing here depends on the session's settings, nor calls anything that a user could define.

use crate::model::sql::quote;

/// A column that a key is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyColumn {
    pub name: String,
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

impl KeyColumn {
    /// A column of this type.
    pub fn new(name: String, type_oid: u32, not_null: bool) -> Self {
        let form = match type_oid {
            oid if PLAIN.contains(&oid) => Form::Plain,
            oid if TEXT.contains(&oid) => Form::Text,
            _ => Form::Other,
        };
        Self { name, form, not_null }
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
