//! Ranges of keys, and what tells whether two databases hold the same keys in one.

use serde::{Deserialize, Serialize};

/// Values of the first key column: from the first bound on, up to before the second. All keys where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRange {
    pub from: Option<String>,
    pub to: Option<String>,
}

/// How many keys a range holds, and the sum of their hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    pub keys: i64,
    /// A decimal number, wider than any integer type that both databases have.
    pub sum: String,
}

impl KeyRange {
    /// The range as a condition on `column`; `bound` writes a bound in the database's own way.
    pub fn condition(&self, column: &str, bound: impl Fn(&String) -> String) -> String {
        let from = self.from.as_ref().map(|from| format!("{column} >= {}", bound(from)));
        let to = self.to.as_ref().map(|to| format!("{column} < {}", bound(to)));
        let parts: Vec<String> = from.into_iter().chain(to).collect();
        if parts.is_empty() { "true".into() } else { parts.join(" AND ") }
    }
}
