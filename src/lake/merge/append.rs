//! Mode append: every known change, appended; nothing is ever updated. `_seq` is the order to read by.

use super::{Matching, Merge, Noticed, Rows, VERSIONS};
use crate::model::sql::{Ident, Sql};
use crate::sql;

impl Merge {
    pub(super) fn append_versions(&self, versions: &Sql) -> Vec<Sql> {
        // A deleted row has nothing but its key; what it was stands in `_before`.
        let is_key = |name: &String| self.key.contains(name) || self.present_key.contains(name);
        let values = self.columns.iter().map(|column| match is_key(&column.name) {
            true => sql!("{}", Ident(&column.name)),
            false => sql!("CASE WHEN _pg2duck_op <> 'd' THEN {} END", Ident(&column.name)),
        });
        let told = |name: &'static str| sql!("CASE WHEN NOT _pg2duck_untold THEN {} END", Sql::fixed(name));
        let created = sql!(
            "(FROM {} QUALIFY row_number() OVER (PARTITION BY {} ORDER BY _pg2duck_seq) = 1 AND _pg2duck_op = 'c')",
            versions,
            self.key_names()
        );
        let recorded = sql!(
            "INSERT INTO {} ({}, _synced_at, _op, _before, _changed_at, _seq, _xid) \
             SELECT {}, {}, _pg2duck_op, {}, {}, {}, {} FROM {} ORDER BY _pg2duck_seq, NOT _pg2duck_untold",
            self.target,
            self.names(),
            Sql::join(values, ", "),
            self.at,
            told("_pg2duck_before"),
            told("_pg2duck_at"),
            self.next(&Sql::fixed("_pg2duck_seq, NOT _pg2duck_untold")),
            told("_pg2duck_xid"),
            self.with_untold_ends(versions)
        );
        // What the log holds alive of a row that was created anew went without a trace, too.
        vec![self.end_entries(&self.latest(&created, &self.by_key())), recorded]
    }

    pub(super) fn append(&self, rows: &Rows<'_>) -> Vec<Sql> {
        let matching = self.by_key();
        let deleted = rows.deleted.map(|deleted| self.end_entries(&self.latest(deleted, &matching)));
        let changed =
            rows.changed.into_iter().flat_map(|changed| self.append_changed(changed, &matching, Noticed::Written));
        deleted.into_iter().chain(changed).collect()
    }

    pub(super) fn fold_append(&self, copy: &Sql, matching: &Matching, by: Noticed) -> Vec<Sql> {
        let gone = sql!(
            "(FROM {} AS target ANTI JOIN {} AS copy ON {})",
            self.alive(&Sql::fixed("")),
            copy,
            matching.on("target", "copy")
        );
        [self.end_entries(&gone)].into_iter().chain(self.append_changed(copy, matching, by)).collect()
    }

    /// A `d` for every row that the log holds; by a key of no columns there is nothing to tell them apart by.
    pub(super) fn end_all(&self) -> Option<Sql> {
        (!self.key.is_empty()).then(|| self.end_entries(&self.alive(&Sql::fixed(""))))
    }

    /// All rows of a copy.
    pub(super) fn append_all(&self, copy: &Sql) -> Sql {
        let names = self.names();
        sql!(
            "INSERT INTO {} ({}, _synced_at, _op, _seq) SELECT {}, {}, 'r', {} FROM {}",
            self.target,
            names,
            names,
            self.at,
            self.next(&self.key_names()),
            copy
        )
    }

    /// A `d` for each of these entries of the log that is none.
    fn end_entries(&self, latest: &Sql) -> Sql {
        sql!(
            "INSERT INTO {target} ({key}, _synced_at, _op, _seq) SELECT {key}, {at}, 'd', {seq} FROM {latest} AS latest WHERE _op <> 'd'",
            target = self.target,
            key = self.key_names(),
            at = self.at,
            seq = self.next(&self.key_names()),
            latest = latest
        )
    }

    fn append_changed(&self, changed: &Sql, matching: &Matching, by: Noticed) -> [Sql; 3] {
        let names = self.names();
        let insert = sql!(
            "INSERT INTO {} ({}, _synced_at, _op, _before, _seq) SELECT {}, {}, _pg2duck_op, _pg2duck_before, {} FROM {}",
            self.target,
            names,
            names,
            self.at,
            self.next(&self.key_names()),
            VERSIONS
        );
        let latest = self.latest(changed, matching);
        [
            self.new_versions(changed, &latest, "latest._op <> 'd'", matching, by),
            insert,
            sql!("DROP TABLE {}", VERSIONS),
        ]
    }

    /// The latest entries of these keys.
    fn latest(&self, of: &Sql, matching: &Matching) -> Sql {
        self.alive(&sql!(" SEMI JOIN {} AS of_these ON {}", of, matching.on("target", "of_these")))
    }

    /// The latest entry of each key, of those that `some` leaves.
    fn alive(&self, some: &Sql) -> Sql {
        sql!(
            "(SELECT * FROM {} AS target{} QUALIFY row_number() OVER (PARTITION BY {} ORDER BY _seq DESC) = 1)",
            self.target,
            some,
            self.key_names()
        )
    }

    /// The numbers that follow on the log's last one, in this order.
    fn next(&self, order: &Sql) -> Sql {
        sql!("coalesce((SELECT max(_seq) FROM {}), 0) + row_number() OVER (ORDER BY {})", self.target, order)
    }
}
