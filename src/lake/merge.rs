//! What one cycle's changed and deleted rows do to a lake table, mode by mode.
//!
//! Upserts are DELETE by key + INSERT by name, which means `INSERT OR REPLACE` and was measured 4 to 5 times faster on
//! DuckDB 1.5 (research on 2 M rows: 10 k rows in 0.09 s against 0.46 s), and 0.7 times its time for a single row.

use super::key::same_key;
use crate::model::sql::{literal, quote, quote_list};
use crate::model::{ChangeSet, Mode};

/// One cycle's rows for one table, as relations of the lake. Changed and deleted rows hold each key once, and no key is in
/// both.
#[derive(Default)]
pub(super) struct Rows<'a> {
    /// Every version that was written, in order: what came to pass before the changed and deleted rows are looked at.
    pub versions: Option<&'a str>,
    /// Rows that were written, with all source columns.
    pub changed: Option<&'a str>,
    /// Keys that are gone.
    pub deleted: Option<&'a str>,
}

/// The temporary table of versions that are new.
const VERSIONS: &str = "temp.main.pg2duck_versions";

/// The statements that bring the table to the cycle.
pub(super) fn statements(set: &ChangeSet, rows: &Rows<'_>) -> Vec<String> {
    let merge = Merge::new(set);
    match set.schema.mode {
        Mode::Mirror | Mode::Full => merge.mirror(rows),
        Mode::SoftDelete => merge.soft_delete(rows),
        Mode::History => merge.history_versions(rows, set).into_iter().chain(merge.history(rows)).collect(),
        Mode::Append => merge.append_versions(rows).into_iter().chain(merge.append(rows)).collect(),
        // Every copy is appended whole.
        Mode::FullAppend => Vec::new(),
    }
}

/// Brings a copy that is not shown yet to the cycle: there are no versions of it so far.
pub(super) fn replace(table: &str, set: &ChangeSet, rows: &Rows<'_>) -> Vec<String> {
    Merge { target: table.to_owned(), ..Merge::new(set) }.mirror(rows)
}

/// The instant of the cycle's snapshot, as an expression.
pub(super) fn instant(set: &ChangeSet) -> String {
    format!("TIMESTAMPTZ {}", literal(&format!("{}+00", set.position.as_of)))
}

struct Merge<'a> {
    target: String,
    key: &'a [String],
    columns: Vec<&'a str>,
    at: String,
}

impl<'a> Merge<'a> {
    fn new(set: &'a ChangeSet) -> Self {
        Self {
            target: set.lake.quoted(),
            key: &set.schema.key,
            columns: set.schema.columns.iter().map(|column| column.name.as_str()).collect(),
            at: instant(set),
        }
    }

    fn mirror(&self, rows: &Rows<'_>) -> Vec<String> {
        // Both at once: finding the rows of some keys reads the key column of the whole table.
        let key = quote_list(self.key.iter().map(String::as_str));
        let keys: Vec<String> = [rows.deleted, rows.changed]
            .into_iter()
            .flatten()
            .map(|rows| format!("SELECT {key} FROM {rows}"))
            .collect();
        if keys.is_empty() {
            return Vec::new();
        }
        let delete = self.delete(&format!("({})", keys.join(" UNION ALL ")));
        [delete].into_iter().chain(rows.changed.map(|changed| self.insert(changed))).collect()
    }

    fn soft_delete(&self, rows: &Rows<'_>) -> Vec<String> {
        let Self { target, at, .. } = self;
        let mut statements = Vec::new();
        if let Some(deleted) = rows.deleted {
            let same = same_key(self.key, "target", "deleted");
            statements.push(format!(
                "UPDATE {target} AS target SET _deleted_at = {at} FROM {deleted} AS deleted \
                 WHERE {same} AND target._deleted_at IS NULL"
            ));
        }
        statements.extend(rows.changed.iter().flat_map(|changed| [self.delete(changed), self.insert(changed)]));
        statements
    }

    /// Removes the rows with these keys: an upsert's first half.
    fn delete(&self, keys: &str) -> String {
        let same = same_key(self.key, "target", "gone");
        format!("DELETE FROM {} AS target USING {keys} AS gone WHERE {same}", self.target)
    }

    /// An upsert's second half; metadata columns become NULL.
    fn insert(&self, changed: &str) -> String {
        let (target, columns) = (&self.target, quote_list(self.columns.iter().copied()));
        let key = quote_list(self.key.iter().map(String::as_str));
        // In key order, which DuckDB stores and indexes faster.
        format!("INSERT INTO {target} ({columns}) SELECT {columns} FROM {changed} ORDER BY {key}")
    }

    /// A row that was read again unchanged makes no version. A deleted one leaves a version of no length, with its last values.
    fn history(&self, rows: &Rows<'_>) -> Vec<String> {
        let Self { target, at, .. } = self;
        let columns = quote_list(self.columns.iter().copied());
        let close = |gone: &str| {
            format!(
                "UPDATE {target} AS target SET _valid_to = {at}, _is_current = false FROM {gone} AS gone \
                 WHERE {} AND target._is_current",
                same_key(self.key, "target", "gone")
            )
        };
        let mut statements = Vec::new();
        if let Some(deleted) = rows.deleted {
            let last = self.columns.iter().map(|column| format!("target.{}", quote(column))).collect::<Vec<_>>();
            statements.push(format!(
                "INSERT INTO {target} ({columns}, _valid_from, _valid_to, _is_current, _op) \
                 SELECT {}, {at}, {at}, false, 'd' FROM {target} AS target, {deleted} AS deleted \
                 WHERE {} AND target._is_current",
                last.join(", "),
                same_key(self.key, "target", "deleted")
            ));
            statements.push(close(deleted));
        }
        if let Some(changed) = rows.changed {
            statements.push(self.new_versions(changed, &format!("(SELECT * FROM {target} WHERE _is_current)"), "true"));
            statements.push(close(VERSIONS));
            statements.push(format!(
                "INSERT INTO {target} ({columns}, _valid_from, _valid_to, _is_current, _op) \
                 SELECT {columns}, {at}, NULL, true, pg2duck_op FROM {VERSIONS}"
            ));
            statements.push(format!("DROP TABLE {VERSIONS}"));
        }
        statements
    }

    /// Versions carry the time of writing, which may lie before the last cycle although it could not see them: what that
    /// cycle showed must stay true, so they count from just after it.
    fn history_versions(&self, rows: &Rows<'_>, set: &ChangeSet) -> Vec<String> {
        let (Self { target, at, .. }, Some(versions)) = (self, rows.versions) else { return Vec::new() };
        let columns = quote_list(self.columns.iter().copied());
        let key = quote_list(self.key.iter().map(String::as_str));
        let last_cycle = format!(
            "(SELECT as_of + INTERVAL 1 MICROSECOND FROM _pg2duck.sync WHERE source_schema = {} AND source_table = {})",
            literal(&set.table.schema),
            literal(&set.table.table)
        );
        vec![
            format!(
                "CREATE OR REPLACE TEMP TABLE {VERSIONS} AS \
                 SELECT {columns}, _pg2duck_op AS op, began, lead(began) OVER by_key AS ended, \
                        row_number() OVER by_key = 1 AS is_first \
                 FROM (SELECT *, least({at}, greatest({last_cycle}, max(_pg2duck_at) OVER \
                         (PARTITION BY {key} ORDER BY _pg2duck_seq ROWS UNBOUNDED PRECEDING))) AS began FROM {versions}) \
                 WINDOW by_key AS (PARTITION BY {key} ORDER BY _pg2duck_seq)"
            ),
            format!(
                "UPDATE {target} AS target SET _valid_to = first.began, _is_current = false FROM {VERSIONS} AS first \
                 WHERE first.is_first AND {} AND target._is_current",
                same_key(self.key, "target", "first")
            ),
            format!(
                "INSERT INTO {target} ({columns}, _valid_from, _valid_to, _is_current, _op) \
                 SELECT {columns}, began, CASE op WHEN 'd' THEN began ELSE ended END, ended IS NULL AND op <> 'd', op \
                 FROM {VERSIONS}"
            ),
            format!("DROP TABLE {VERSIONS}"),
        ]
    }

    fn append_versions(&self, rows: &Rows<'_>) -> Vec<String> {
        let (Self { target, at, .. }, Some(versions)) = (self, rows.versions) else { return Vec::new() };
        let columns = quote_list(self.columns.iter().copied());
        // A deleted row has nothing but its key; what it was stands in `_before`.
        let values = self.columns.iter().map(|column| match self.key.iter().any(|key| key == column) {
            true => quote(column),
            false => format!("CASE WHEN _pg2duck_op <> 'd' THEN {} END", quote(column)),
        });
        vec![format!(
            "INSERT INTO {target} ({columns}, _synced_at, _op, _before) \
             SELECT {}, {at}, _pg2duck_op, _pg2duck_before FROM {versions} ORDER BY _pg2duck_seq",
            values.collect::<Vec<_>>().join(", ")
        )]
    }

    fn append(&self, rows: &Rows<'_>) -> Vec<String> {
        let Self { target, at, .. } = self;
        let columns = quote_list(self.columns.iter().copied());
        let key = quote_list(self.key.iter().map(String::as_str));
        let latest = |of: &str| {
            format!(
                "(SELECT * FROM {target} AS target SEMI JOIN {of} AS of_these ON {} \
                  QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY _synced_at DESC, rowid DESC) = 1)",
                same_key(self.key, "target", "of_these")
            )
        };
        let mut statements = Vec::new();
        if let Some(deleted) = rows.deleted {
            statements.push(format!(
                "INSERT INTO {target} ({key}, _synced_at, _op) SELECT {key}, {at}, 'd' FROM {} AS latest WHERE _op <> 'd'",
                latest(deleted)
            ));
        }
        if let Some(changed) = rows.changed {
            statements.push(self.new_versions(changed, &latest(changed), "latest._op <> 'd'"));
            statements.push(format!(
                "INSERT INTO {target} ({columns}, _synced_at, _op) SELECT {columns}, {at}, pg2duck_op FROM {VERSIONS}"
            ));
            statements.push(format!("DROP TABLE {VERSIONS}"));
        }
        statements
    }

    /// Those of `changed` that differ from their latest version, with `pg2duck_op`: `u`, or `c` where there is none that
    /// is `alive`.
    fn new_versions(&self, changed: &str, latest: &str, alive: &str) -> String {
        let Self { key, .. } = self;
        let own = self.columns.iter().map(|column| format!("changed.{}", quote(column))).collect::<Vec<_>>().join(", ");
        let same: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("changed.{0} IS NOT DISTINCT FROM latest.{0}", quote(column)))
            .collect();
        let known = format!("latest.{} IS NOT NULL AND {alive}", quote(&key[0]));
        format!(
            "CREATE OR REPLACE TEMP TABLE {VERSIONS} AS \
             SELECT {own}, CASE WHEN {known} THEN 'u' ELSE 'c' END AS pg2duck_op \
             FROM {changed} AS changed LEFT JOIN {latest} AS latest ON {} \
             WHERE NOT coalesce({known} AND {}, false)",
            same_key(key, "changed", "latest"),
            same.join(" AND ")
        )
    }
}
