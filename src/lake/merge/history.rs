//! Mode history: every known version of every row.

use super::{Matching, Merge, Noticed, Rows, VERSIONS};
use crate::lake::key::key_names;
use crate::lake::table::ours;
use crate::model::sql::{Lit, Sql};
use crate::sql;

/// Keys that the lake has and a copy does not.
static GONE: Sql = Sql::fixed("temp.main.pg2duck_gone");

impl Merge {
    /// A row that was read again unchanged makes no version. A deleted one leaves a version of no length, with its last values.
    pub(super) fn history(&self, rows: &Rows<'_>) -> Vec<Sql> {
        let matching = self.by_key();
        let deleted = rows.deleted.into_iter().flat_map(|deleted| self.end_versions(deleted, &matching));
        let changed =
            rows.changed.into_iter().flat_map(|changed| self.begin_versions(changed, &matching, Noticed::Written));
        deleted.chain(changed).collect()
    }

    pub(super) fn fold_history(&self, copy: &Sql, matching: &Matching, by: Noticed) -> Vec<Sql> {
        self.end_gone(copy, matching).into_iter().chain(self.begin_versions(copy, matching, by)).collect()
    }

    /// Ends what the copy does not have.
    pub(super) fn end_gone(&self, copy: &Sql, matching: &Matching) -> Vec<Sql> {
        let key = matching.in_lake();
        let find_gone = sql!(
            "CREATE OR REPLACE TEMP TABLE {} AS SELECT DISTINCT {} FROM {} AS target ANTI JOIN {} AS copy ON {} WHERE _is_current",
            GONE,
            key_names(&key),
            self.target,
            copy,
            matching.on("target", "copy")
        );
        let end = self.end_versions(&GONE, &Matching::by(&key));
        [find_gone].into_iter().chain(end).chain([sql!("DROP TABLE {}", GONE)]).collect()
    }

    /// Ends every version, and begins one for each row of the copy: which of them are the same rows, nothing tells.
    pub(super) fn begin_history_anew(&self, copy: &Sql) -> Vec<Sql> {
        let names = self.names();
        vec![
            sql!("UPDATE {} SET _valid_to = {}, _is_current = false WHERE _is_current", self.target, self.at),
            sql!(
                "INSERT INTO {} ({}, _valid_from, _valid_to, _is_current, _op) SELECT {}, {}, NULL, true, 'r' FROM {}",
                self.target,
                names,
                names,
                self.at,
                copy
            ),
        ]
    }

    /// What is gone leaves a version of no length, with its last values.
    fn end_versions(&self, deleted: &Sql, matching: &Matching) -> [Sql; 2] {
        let last = sql!(
            "INSERT INTO {target} BY NAME \
             SELECT target.* REPLACE ({at} AS _valid_from, {at} AS _valid_to, false AS _is_current, 'd' AS _op) \
             FROM {target} AS target, {deleted} AS deleted WHERE {same} AND target._is_current",
            target = self.target,
            at = self.at,
            deleted = deleted,
            same = matching.on("target", "deleted")
        );
        [last, self.close(deleted, matching)]
    }

    fn begin_versions(&self, changed: &Sql, matching: &Matching, by: Noticed) -> [Sql; 4] {
        let (target, names) = (&self.target, self.names());
        let current = sql!("(SELECT * FROM {} WHERE _is_current)", target);
        let insert = sql!(
            "INSERT INTO {} ({}, _valid_from, _valid_to, _is_current, _op) SELECT {}, {}, NULL, true, _pg2duck_op FROM {}",
            target,
            names,
            names,
            self.at,
            VERSIONS
        );
        [
            self.new_versions(changed, &current, "true", matching, by),
            self.close(&VERSIONS, matching),
            insert,
            sql!("DROP TABLE {}", VERSIONS),
        ]
    }

    /// Ends the current versions of these keys.
    fn close(&self, gone: &Sql, matching: &Matching) -> Sql {
        sql!(
            "UPDATE {} AS target SET _valid_to = {}, _is_current = false FROM {} AS gone WHERE {} AND target._is_current",
            self.target,
            self.at,
            gone,
            matching.on("target", "gone")
        )
    }

    /// Versions carry the time of writing, which may lie before the last cycle although it could not see them: what that
    /// cycle showed must stay true, so they count from just after it.
    pub(super) fn history_versions(&self, versions: &Sql) -> Vec<Sql> {
        let (target, names, key) = (&self.target, self.names(), self.key_names());
        let last_cycle = sql!(
            "(SELECT as_of + INTERVAL 1 MICROSECOND FROM {} WHERE source_schema = {} AND source_table = {})",
            ours("sync"),
            Lit(&self.source.schema),
            Lit(&self.source.table)
        );
        vec![
            sql!(
                "CREATE OR REPLACE TEMP TABLE {found} AS \
                 SELECT {names}, _pg2duck_op, _pg2duck_began, lead(_pg2duck_began) OVER by_key AS _pg2duck_ended, \
                        row_number() OVER by_key = 1 AS _pg2duck_is_first \
                 FROM (SELECT *, least({at}, greatest({last_cycle}, max(_pg2duck_at) OVER \
                         (PARTITION BY {key} ORDER BY _pg2duck_seq ROWS UNBOUNDED PRECEDING))) AS _pg2duck_began FROM {versions}) \
                 WINDOW by_key AS (PARTITION BY {key} ORDER BY _pg2duck_seq, NOT _pg2duck_untold)",
                found = VERSIONS,
                names = names,
                at = self.at,
                last_cycle = last_cycle,
                key = key,
                versions = self.with_untold_ends(versions)
            ),
            sql!(
                "INSERT INTO {target} BY NAME SELECT target.* REPLACE (first._pg2duck_began AS _valid_from, \
                   first._pg2duck_began AS _valid_to, false AS _is_current, 'd' AS _op) FROM {target} AS target, {found} AS first \
                 WHERE first._pg2duck_is_first AND first._pg2duck_op = 'c' AND {same} AND target._is_current",
                target = target,
                found = VERSIONS,
                same = self.by_key().on("target", "first")
            ),
            sql!(
                "UPDATE {} AS target SET _valid_to = first._pg2duck_began, _is_current = false FROM {} AS first \
                 WHERE first._pg2duck_is_first AND {} AND target._is_current",
                target,
                VERSIONS,
                self.by_key().on("target", "first")
            ),
            sql!(
                "INSERT INTO {} ({}, _valid_from, _valid_to, _is_current, _op) \
                 SELECT {}, _pg2duck_began, CASE _pg2duck_op WHEN 'd' THEN _pg2duck_began ELSE _pg2duck_ended END, \
                   _pg2duck_ended IS NULL AND _pg2duck_op <> 'd', _pg2duck_op FROM {}",
                target,
                names,
                names,
                VERSIONS
            ),
            sql!("DROP TABLE {}", VERSIONS),
        ]
    }
}
