//! Mode soft_delete: as mirror, but deleted rows stay, marked, and each tells what was last done to it.

use super::{Merge, Noticed, Rows, VERSIONS, of};
use crate::model::sql::Sql;
use crate::sql;

impl Merge {
    pub(super) fn soft_delete(&self, rows: &Rows<'_>) -> Vec<Sql> {
        let [stamp, at] = self.stamp();
        let mark = rows.deleted.map(|deleted| {
            sql!(
                "UPDATE {} AS target SET _deleted_at = {}, _op = 'd'{} FROM {} AS deleted \
                 WHERE {} AND target._deleted_at IS NULL",
                self.target,
                self.at,
                if self.synced_at { sql!(", _synced_at = {}", self.at) } else { Sql::fixed("") },
                deleted,
                self.by_key().on("target", "deleted")
            )
        });
        let upsert = rows.changed.into_iter().flat_map(|changed| {
            let names = self.names();
            let insert = sql!(
                "INSERT INTO {} ({}, _op{}) SELECT {}, _pg2duck_op{} FROM {} ORDER BY {}",
                self.target,
                names,
                stamp,
                names,
                at,
                VERSIONS,
                self.key_names()
            );
            [self.written(changed), self.delete(&VERSIONS), insert, sql!("DROP TABLE {}", VERSIONS)]
        });
        mark.into_iter().chain(upsert).collect()
    }

    /// The rows that were written, with what was done to each. One that was read again as it is was not written.
    fn written(&self, changed: &Sql) -> Sql {
        let known = self.key.iter().take(1).map(|key| sql!("{} IS NOT NULL", of("latest", key)));
        sql!(
            "CREATE OR REPLACE TEMP TABLE {versions} AS \
             SELECT {own}, CASE WHEN {known} THEN 'u' ELSE 'c' END AS _pg2duck_op \
             FROM {changed} AS changed LEFT JOIN (SELECT * FROM {target} WHERE _deleted_at IS NULL) AS latest ON {same_key} \
             WHERE NOT coalesce({known} AND {same}, false)",
            versions = VERSIONS,
            own = self.names_of("changed"),
            known = Sql::join(known, " AND "),
            changed = changed,
            target = self.target,
            same_key = self.by_key().on("latest", "changed"),
            same = self.same("changed", "latest", Noticed::Written)
        )
    }

    /// Rows that are gone, as triggers recorded them last: some of them the lake has never seen.
    pub(super) fn soft_delete_versions(&self, versions: &Sql) -> Vec<Sql> {
        let (names, [stamp, at]) = (self.names(), self.stamp());
        let last = sql!(
            "(FROM {} WHERE _pg2duck_op = 'd' QUALIFY row_number() OVER (PARTITION BY {} ORDER BY _pg2duck_seq DESC) = 1)",
            versions,
            self.key_names()
        );
        // One that was marked before and has not come back stays as it is.
        let insert = sql!(
            "INSERT INTO {} ({}, _deleted_at, _op{}) SELECT {}, {}, 'd'{} FROM {} ORDER BY {}",
            self.target,
            names,
            stamp,
            names,
            self.at,
            at,
            last,
            self.key_names()
        );
        vec![self.delete(&last), insert]
    }
}
