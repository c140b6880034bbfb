//! Mode mirror: the source's rows as they are.

use super::{Merge, Rows};
use crate::model::sql::Sql;
use crate::sql;

impl Merge {
    pub(super) fn mirror(&self, rows: &Rows<'_>) -> Vec<Sql> {
        // Both at once: finding the rows of some keys reads the key column of the whole table.
        let key = self.key_names();
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
        let same = self.by_key().on("target", "gone");
        sql!("DELETE FROM {} AS target USING {} AS gone WHERE {}", self.target, keys, same)
    }

    /// An upsert's second half.
    fn insert(&self, changed: &Sql) -> Sql {
        let (names, key, [stamp, at]) = (self.names(), self.key_names(), self.stamp());
        // In key order, which DuckDB stores and indexes faster.
        sql!(
            "INSERT INTO {} ({}{}) SELECT {}{} FROM {} ORDER BY {}",
            self.target,
            names,
            stamp,
            names,
            at,
            changed,
            key
        )
    }
}
