//! Mode history: every known version of every row.

use super::{Merge, Rows, VERSIONS, key_names, same_key};
use crate::lake::table::ours;
use crate::model::ChangeSet;
use crate::model::sql::{Lit, Sql};
use crate::sql;

impl Merge<'_> {
    /// A row that was read again unchanged makes no version. A deleted one leaves a version of no length, with its last values.
    pub(super) fn history(&self, rows: &Rows<'_>) -> Vec<Sql> {
        let (target, at, names) = (&self.target, &self.at, self.names());
        let mut statements = Vec::new();
        if let Some(deleted) = rows.deleted {
            statements.push(sql!(
                "INSERT INTO {target} ({names}, _valid_from, _valid_to, _is_current, _op) \
                 SELECT {last}, {at}, {at}, false, 'd' FROM {target} AS target, {deleted} AS deleted \
                 WHERE {same} AND target._is_current",
                target = target,
                names = names,
                last = self.names_of("target"),
                at = at,
                deleted = deleted,
                same = same_key(self.key, "target", "deleted")
            ));
            statements.push(self.close(deleted));
        }
        if let Some(changed) = rows.changed {
            let current = sql!("(SELECT * FROM {} WHERE _is_current)", target);
            statements.push(self.new_versions(changed, &current, "true"));
            statements.push(self.close(&VERSIONS));
            statements.push(sql!(
                "INSERT INTO {} ({}, _valid_from, _valid_to, _is_current, _op) SELECT {}, {}, NULL, true, _pg2duck_op FROM {}",
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

    /// Ends the current versions of these keys.
    fn close(&self, gone: &Sql) -> Sql {
        sql!(
            "UPDATE {} AS target SET _valid_to = {}, _is_current = false FROM {} AS gone WHERE {} AND target._is_current",
            self.target,
            self.at,
            gone,
            same_key(self.key, "target", "gone")
        )
    }

    /// Versions carry the time of writing, which may lie before the last cycle although it could not see them: what that
    /// cycle showed must stay true, so they count from just after it.
    pub(super) fn history_versions(&self, rows: &Rows<'_>, set: &ChangeSet) -> Vec<Sql> {
        let Some(versions) = rows.versions else { return Vec::new() };
        let (target, names, key) = (&self.target, self.names(), key_names(self.key));
        let last_cycle = sql!(
            "(SELECT as_of + INTERVAL 1 MICROSECOND FROM {} WHERE source_schema = {} AND source_table = {})",
            ours("sync"),
            Lit(&set.table.schema),
            Lit(&set.table.table)
        );
        vec![
            sql!(
                "CREATE OR REPLACE TEMP TABLE {found} AS \
                 SELECT {names}, _pg2duck_op, _pg2duck_began, lead(_pg2duck_began) OVER by_key AS _pg2duck_ended, \
                        row_number() OVER by_key = 1 AS _pg2duck_is_first \
                 FROM (SELECT *, least({at}, greatest({last_cycle}, max(_pg2duck_at) OVER \
                         (PARTITION BY {key} ORDER BY _pg2duck_seq ROWS UNBOUNDED PRECEDING))) AS _pg2duck_began FROM {versions}) \
                 WINDOW by_key AS (PARTITION BY {key} ORDER BY _pg2duck_seq)",
                found = VERSIONS,
                names = names,
                at = self.at,
                last_cycle = last_cycle,
                key = key,
                versions = versions
            ),
            sql!(
                "UPDATE {} AS target SET _valid_to = first._pg2duck_began, _is_current = false FROM {} AS first \
                 WHERE first._pg2duck_is_first AND {} AND target._is_current",
                target,
                VERSIONS,
                same_key(self.key, "target", "first")
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
