//! Mode mirror: the source's rows as they are.

use super::{Merge, Rows, key_names, same_key};
use crate::model::sql::Sql;
use crate::sql;

impl Merge<'_> {
    pub(super) fn mirror(&self, rows: &Rows<'_>) -> Vec<Sql> {
        // Both at once: finding the rows of some keys reads the key column of the whole table.
        let key = key_names(self.key);
        let keys: Vec<Sql> = [rows.deleted, rows.changed]
            .into_iter()
            .flatten()
            .map(|rows| sql!("SELECT {} FROM {}", key, rows))
            .collect();
        if keys.is_empty() {
            return Vec::new();
        }
        let delete = self.delete(&sql!("({})", Sql::join(keys, " UNION ALL ")));
        [delete].into_iter().chain(rows.changed.map(|changed| self.insert(changed))).collect()
    }

    /// Removes the rows with these keys: an upsert's first half.
    pub(super) fn delete(&self, keys: &Sql) -> Sql {
        let same = same_key(self.key, "target", "gone");
        sql!("DELETE FROM {} AS target USING {} AS gone WHERE {}", self.target, keys, same)
    }

    /// An upsert's second half; metadata columns become NULL.
    pub(super) fn insert(&self, changed: &Sql) -> Sql {
        let (names, key) = (self.names(), key_names(self.key));
        // In key order, which DuckDB stores and indexes faster.
        sql!("INSERT INTO {} ({}) SELECT {} FROM {} ORDER BY {}", self.target, names, names, changed, key)
    }
}
