//! What one cycle's changed and deleted rows do to a lake table: a file per mode says it in statements.
//!
//! Upserts are DELETE by key + INSERT by name, which means `INSERT OR REPLACE` and was measured 4 to 5 times faster on
//! DuckDB 1.5 (research on 2 M rows: 10 k rows in 0.09 s against 0.46 s), and 0.7 times its time for a single row.

mod append;
mod history;
mod mirror;
mod soft_delete;

#[cfg(test)]
mod tests;

use super::key::{key_names, same_key};
use super::table::in_lake;
use crate::model::sql::{Ident, Lit, Sql};
use crate::model::{ChangeSet, Mode};
use crate::sql;

/// One cycle's rows for one table, as relations of the lake. Changed and deleted rows hold each key once, and no key is in
/// both.
#[derive(Default)]
pub(super) struct Rows<'a> {
    /// Every version that was written, in order: what came to pass before the changed and deleted rows are looked at.
    pub versions: Option<&'a Sql>,
    /// Rows that were written, with all source columns.
    pub changed: Option<&'a Sql>,
    /// Keys that are gone.
    pub deleted: Option<&'a Sql>,
}

/// The temporary table of versions that are new. Its own columns begin with `_pg2duck_`, as no source's do.
static VERSIONS: Sql = Sql::fixed("temp.main.pg2duck_versions");

/// The statements that bring the table to the cycle.
pub(super) fn statements(set: &ChangeSet, rows: &Rows<'_>) -> Vec<Sql> {
    let merge = Merge::new(set);
    match set.schema.mode {
        Mode::Mirror | Mode::Full => merge.mirror(rows),
        Mode::SoftDelete => merge.soft_delete(rows),
        Mode::History => merge.history_versions(rows, set).into_iter().chain(merge.history(rows)).collect(),
        Mode::Append => merge.append_versions(rows).into_iter().chain(merge.append(rows)).collect(),
        // Every full read is appended whole.
        Mode::FullAppend => Vec::new(),
    }
}

/// Brings a bootstrap that is not shown yet to the cycle: there are no versions of it so far.
pub(super) fn replace(table: &Sql, set: &ChangeSet, rows: &Rows<'_>) -> Vec<Sql> {
    Merge { target: table.clone(), ..Merge::new(set) }.mirror(rows)
}

/// The instant of the cycle's snapshot, as an expression.
pub(super) fn instant(set: &ChangeSet) -> Sql {
    sql!("TIMESTAMPTZ {}", Lit(&format!("{}+00", set.position.as_of)))
}

/// The values of a mode's own columns for a row that a bootstrap read.
pub(super) fn bootstrap_values(mode: Mode, at: &Sql) -> Vec<Sql> {
    let [null, r] = [Sql::fixed("NULL"), Sql::fixed("'r'")];
    match mode {
        Mode::Mirror | Mode::Full => Vec::new(),
        Mode::SoftDelete => vec![null],
        Mode::History => vec![at.clone(), null, Sql::fixed("true"), r],
        Mode::Append => vec![at.clone(), r, null],
        Mode::FullAppend => vec![at.clone(), r],
    }
}

struct Merge<'a> {
    target: Sql,
    key: &'a [String],
    columns: Vec<&'a str>,
    at: Sql,
}

impl<'a> Merge<'a> {
    fn new(set: &'a ChangeSet) -> Self {
        Self {
            target: in_lake(&set.lake),
            key: &set.schema.key,
            columns: set.schema.columns.iter().map(|column| column.name.as_str()).collect(),
            at: instant(set),
        }
    }

    /// The source's columns, with commas between them.
    fn names(&self) -> Sql {
        Sql::names(self.columns.iter().copied())
    }

    /// The same columns of this relation.
    fn names_of(&self, relation: &'static str) -> Sql {
        let relation = Sql::fixed(relation);
        Sql::join(self.columns.iter().map(|column| sql!("{}.{}", relation, Ident(column))), ", ")
    }

    /// Those of `changed` that differ from their latest version, with `_pg2duck_op`: `u`, or `c` where there is none that
    /// is `alive`.
    fn new_versions(&self, changed: &Sql, latest: &Sql, alive: &'static str) -> Sql {
        let same = self
            .columns
            .iter()
            .map(|column| sql!("changed.{} IS NOT DISTINCT FROM latest.{}", Ident(column), Ident(column)));
        let first = self.key.iter().take(1).map(|column| sql!("latest.{} IS NOT NULL", Ident(column)));
        let known = Sql::join(first.chain([Sql::fixed(alive)]), " AND ");
        sql!(
            "CREATE OR REPLACE TEMP TABLE {versions} AS \
             SELECT {own}, CASE WHEN {known} THEN 'u' ELSE 'c' END AS _pg2duck_op \
             FROM {changed} AS changed LEFT JOIN {latest} AS latest ON {same_key} \
             WHERE NOT coalesce({known} AND {same}, false)",
            versions = VERSIONS,
            own = self.names_of("changed"),
            known = known,
            changed = changed,
            latest = latest,
            same_key = same_key(self.key, "changed", "latest"),
            same = Sql::join(same, " AND ")
        )
    }
}
