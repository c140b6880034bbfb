//! How a column is written in the source's SELECT.

use crate::model::Read;
use crate::model::sql::{literal, quote};

impl Read {
    /// The SQL for this value. `salt` is what masks begin with.
    pub fn sql(&self, value: &str, salt: &str) -> String {
        match self {
            Self::AsIs => value.to_owned(),
            Self::Cast(to) => format!("{value}::{to}"),
            Self::Output => unless_null(value, &format!("format('%s', {value})")),
            Self::Json => format!("to_json({value})"),
            Self::TrimmedNumeric => format!("trim_scale({value})::text"),
            Self::Row(attributes) => {
                let parts: Vec<String> = attributes
                    .iter()
                    .map(|(name, read)| read.sql(&format!("({value}).{}", quote(name)), salt))
                    .collect();
                unless_null(value, &format!("ROW({})", parts.join(", ")))
            }
            Self::Masked { .. } => {
                let salted = format!("{} || format('%s', {value})", literal(salt));
                unless_null(value, &format!("encode(sha256(textsend({salted})), 'hex')"))
            }
        }
    }
}

/// `IS NOT NULL` would also be false for a composite whose attributes are all NULL.
fn unless_null(value: &str, expression: &str) -> String {
    format!("CASE WHEN {value} IS DISTINCT FROM NULL THEN {expression} END")
}
