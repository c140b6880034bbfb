//! Mode append: every known change, appended; nothing is ever updated.

use super::{Merge, Rows, VERSIONS, key_names, same_key};
use crate::model::sql::{Ident, Sql};
use crate::sql;

impl Merge<'_> {
    pub(super) fn append_versions(&self, rows: &Rows<'_>) -> Vec<Sql> {
        let Some(versions) = rows.versions else { return Vec::new() };
        // A deleted row has nothing but its key; what it was stands in `_before`.
        let values = self.columns.iter().map(|column| match self.key.iter().any(|key| key == column) {
            true => sql!("{}", Ident(column)),
            false => sql!("CASE WHEN _pg2duck_op <> 'd' THEN {} END", Ident(column)),
        });
        vec![sql!(
            "INSERT INTO {} ({}, _synced_at, _op, _before) \
             SELECT {}, {}, _pg2duck_op, _pg2duck_before FROM {} ORDER BY _pg2duck_seq",
            self.target,
            self.names(),
            Sql::join(values, ", "),
            self.at,
            versions
        )]
    }

    pub(super) fn append(&self, rows: &Rows<'_>) -> Vec<Sql> {
        let (target, at, names, key) = (&self.target, &self.at, self.names(), key_names(self.key));
        let mut statements = Vec::new();
        if let Some(deleted) = rows.deleted {
            statements.push(sql!(
                "INSERT INTO {target} ({key}, _synced_at, _op) SELECT {key}, {at}, 'd' FROM {latest} AS latest WHERE _op <> 'd'",
                target = target,
                key = key,
                at = at,
                latest = self.latest(deleted)
            ));
        }
        if let Some(changed) = rows.changed {
            statements.push(self.new_versions(changed, &self.latest(changed), "latest._op <> 'd'"));
            statements.push(sql!(
                "INSERT INTO {} ({}, _synced_at, _op) SELECT {}, {}, _pg2duck_op FROM {}",
                target,
                names,
                names,
                at,
                VERSIONS
            ));
            statements.push(sql!("DROP TABLE {}", VERSIONS));
        }
        statements
    }

    /// The latest entries of these keys.
    fn latest(&self, of: &Sql) -> Sql {
        sql!(
            "(SELECT * FROM {} AS target SEMI JOIN {} AS of_these ON {} \
              QUALIFY row_number() OVER (PARTITION BY {} ORDER BY _synced_at DESC, rowid DESC) = 1)",
            self.target,
            of,
            same_key(self.key, "target", "of_these"),
            key_names(self.key)
        )
    }
}
