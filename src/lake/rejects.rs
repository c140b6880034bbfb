//! `_pg2duck.rejects`: the values that the lake's types cannot hold, each under the key of its row. It tells of the rows as
//! they are now: a row that is written again takes its old rejects with it. One whose key itself was rejected is missing from the lake
//! table: its lines say so, and name it by the key as the source prints it.

use super::Lake;
use super::batches::parquet;
use super::key::{explain, key_names};
use super::metadata::{of_lake_table, texts};
use super::schema::Shape;
use super::table::ours;
use crate::error::Result;
use crate::model::batch::{REJECT_FIELDS, REJECTS};
use crate::model::sql::{Ident, Lit, Sql};
use crate::model::{BatchKind, ChangeSet, ColumnType};
use crate::sql;
use std::path::Path;

/// The table; `key` is an object of the key's columns, with null where the key itself was rejected; `missing_key` is the same with the
/// rejected texts, for rows that are missing for that.
pub(super) fn table() -> Sql {
    sql!(
        "CREATE TABLE IF NOT EXISTS {} (
            source_schema VARCHAR NOT NULL, source_table VARCHAR NOT NULL, key JSON NOT NULL, column_name VARCHAR NOT NULL,
            value VARCHAR NOT NULL, reason VARCHAR NOT NULL, cycle VARCHAR NOT NULL, rejected_at TIMESTAMPTZ NOT NULL,
            missing_key JSON, lake_schema VARCHAR, lake_table VARCHAR);",
        ours("rejects")
    )
}

/// What an earlier version listed does not name the rows that are missing.
pub(super) fn upgrade() -> Sql {
    sql!(
        "ALTER TABLE {rejects} ADD COLUMN missing_key JSON; \
         UPDATE {rejects} SET missing_key = json_merge_patch(key, json_object(column_name, value)), reason = reason || {missing} \
         WHERE list_contains(json_keys(key), column_name) AND (key ->> column_name) IS NULL",
        rejects = ours("rejects"),
        missing = Lit(MISSING)
    )
}

/// What is said of a rejected part of the key.
const MISSING: &str = "; it is in the key, so the row is missing from the lake";

impl Lake {
    /// Forgets the rejects of rows that `rows` (a table with the key's columns) is about to replace.
    pub(super) fn forget_rejects_of(&self, set: &ChangeSet, rows: &Sql) -> Result<()> {
        if self.count_rejects(set)? == 0 {
            return Ok(());
        }
        let key = key_object(set, |name| sql!("{}", Ident(name)));
        let statement = sql!(
            "DELETE FROM {} WHERE {} AND key IN (SELECT {} FROM {})",
            ours("rejects"),
            of_lake_table(&set.lake),
            key,
            rows
        );
        self.execute("clear _pg2duck.rejects", &statement)
    }

    /// The same for rows that are missing and of which these batches tell anew.
    pub(super) fn forget_missing(&self, archive: &Path, set: &ChangeSet, kind: BatchKind) -> Result<()> {
        let Some(rows) = missing_rows(archive, set, kind) else { return Ok(()) };
        let statement =
            sql!("DELETE FROM {} WHERE {} AND missing_key IN ({})", ours("rejects"), of_lake_table(&set.lake), rows);
        self.execute("clear _pg2duck.rejects", &statement)
    }

    /// After keys were compared: rows that are missing and that the source still has are listed, and once all ranges were compared the
    /// others are not any more.
    pub(super) fn compare_missing(&self, archive: &Path, set: &ChangeSet) -> Result<()> {
        let Some(comparison) = set.comparison() else { return Ok(()) };
        if let Some(rows) = missing_rows(archive, set, BatchKind::Present) {
            let seen = sql!(
                "UPDATE {} SET cycle = {}, rejected_at = now() WHERE {} AND missing_key IN ({})",
                ours("rejects"),
                Lit(&set.cycle),
                of_lake_table(&set.lake),
                rows
            );
            self.execute("write _pg2duck.rejects", &seen)?;
            self.list_rejects(archive, set, BatchKind::Present)?;
        }
        if comparison.progress.next_key.is_some() {
            return Ok(());
        }
        let begun = comparison.progress.begun.to_rfc3339();
        let statement = sql!(
            "DELETE FROM {} WHERE {} AND missing_key IS NOT NULL AND rejected_at < {}::TIMESTAMPTZ",
            ours("rejects"),
            of_lake_table(&set.lake),
            Lit(&begun)
        );
        self.execute("clear _pg2duck.rejects", &statement)
    }

    /// Forgets all rejects of a table that is about to be replaced.
    pub(super) fn forget_rejects(&self, set: &ChangeSet) -> Result<()> {
        let statement = sql!("DELETE FROM {} WHERE {}", ours("rejects"), of_lake_table(&set.lake));
        self.execute("clear _pg2duck.rejects", &statement)
    }

    /// Lists the rejects of these batches.
    pub(super) fn list_rejects(&self, archive: &Path, set: &ChangeSet, kind: BatchKind) -> Result<()> {
        self.list_rejects_where(archive, set, kind, &Sql::fixed("true"))
    }

    /// Lists the rejects of rows as these versions leave them; `versions` has all that have a key.
    pub(super) fn list_rejects_of_versions(&self, archive: &Path, set: &ChangeSet, versions: &Sql) -> Result<()> {
        let rejecting = set.of_kind(BatchKind::Versions).filter(|batch| batch.rejects > 0);
        let Some(files) = parquet(archive, rejecting) else { return Ok(()) };
        let last = sql!(
            "_pg2duck_op <> 'd' AND _pg2duck_seq IN (SELECT max(_pg2duck_seq) FROM {versions} GROUP BY {key} UNION ALL \
               SELECT max(_pg2duck_seq) FROM {files} WHERE {missing} GROUP BY {row})",
            versions = versions,
            key = key_names(&set.schema.key),
            files = files,
            missing = is_missing(set),
            row = row_key(set)
        );
        self.list_rejects_where(archive, set, BatchKind::Versions, &last)
    }

    fn list_rejects_where(&self, archive: &Path, set: &ChangeSet, kind: BatchKind, condition: &Sql) -> Result<()> {
        let rejecting = set.of_kind(kind).filter(|batch| batch.rejects > 0);
        let Some(files) = parquet(archive, rejecting) else { return Ok(()) };
        let [column, value, reason] = REJECT_FIELDS.map(|field| sql!("struct_extract(reject, {})", Lit(field)));
        let in_key = Sql::join(set.schema.key.iter().map(|name| sql!("{}", Lit(name))), ", ");
        let reason = match in_key.is_empty() {
            true => reason,
            false => sql!("{} || CASE WHEN {} IN ({}) THEN {} ELSE '' END", reason, column, in_key, Lit(MISSING)),
        };
        let statement = sql!(
            "INSERT INTO {rejects} (source_schema, source_table, key, column_name, value, reason, cycle, rejected_at, missing_key, \
               lake_schema, lake_table) \
             SELECT {schema}, {table}, key, column_name, value, reason, {cycle}, now(), missing_key, {lake} \
             FROM (SELECT key, missing_key, {column} AS column_name, {value} AS value, {reason} AS reason \
               FROM (SELECT DISTINCT {key} AS key, {missing_key} AS missing_key, unnest({listed}) AS reject FROM {files} WHERE {condition})) \
               AS new \
             WHERE NOT EXISTS (SELECT 1 FROM {rejects} AS known WHERE {of_table} AND known.key = new.key \
               AND known.missing_key IS NOT DISTINCT FROM new.missing_key \
               AND (known.column_name, known.value, known.reason) = (new.column_name, new.value, new.reason))",
            rejects = ours("rejects"),
            schema = Lit(&set.table.schema),
            table = Lit(&set.table.table),
            lake = texts([&set.lake.schema, &set.lake.table]),
            column = column,
            value = value,
            reason = reason,
            cycle = Lit(&set.cycle),
            key = key_object(set, |name| in_lake(set, name)),
            missing_key = missing_key(set),
            listed = Ident(REJECTS),
            files = files,
            condition = condition,
            of_table = of_lake_table(&set.lake)
        );
        self.db.run(&statement).map_err(|error| explain("list rejected values", set, &error))
    }

    /// Has the list go by the names that the columns have now.
    pub(super) fn rename_rejects(&self, set: &ChangeSet, shape: &Shape) -> Result<()> {
        if self.count_rejects(set)? == 0 {
            return Ok(());
        }
        let renamed = shape.layout.slots().filter_map(|slot| {
            let before = &slot.before.as_ref()?.name;
            (*before != slot.name).then_some((before, &slot.name))
        });
        let renamed: Vec<(&String, &String)> = renamed.collect();
        if renamed.is_empty() {
            return Ok(());
        }
        let names = renamed.iter().map(|(before, now)| sql!(" WHEN {} THEN {}", Lit(before), Lit(now)));
        // A quote inside a value is escaped, so these can only be fields'. By way of names that nobody has: they may go round.
        let field = |name: &str| format!("{}:", serde_json::to_string(name).unwrap_or_default());
        let between = |at: usize| field(&format!("_pg2duck_{at}"));
        let away = renamed.iter().enumerate().map(|(at, (before, _))| (field(before), between(at)));
        let back = renamed.iter().enumerate().map(|(at, (_, now))| (between(at), field(now)));
        let steps: Vec<(String, String)> = away.chain(back).collect();
        let renamed = |object: Sql| {
            steps.iter().fold(object, |object, (from, to)| sql!("replace({}, {}, {})", object, Lit(from), Lit(to)))
        };
        let statement = sql!(
            "UPDATE {} SET column_name = CASE column_name{} ELSE column_name END, key = {}::JSON, missing_key = {}::JSON WHERE {}",
            ours("rejects"),
            Sql::join(names, ""),
            renamed(Sql::fixed("key::VARCHAR")),
            renamed(Sql::fixed("missing_key::VARCHAR")),
            of_lake_table(&set.lake)
        );
        self.execute("rename in _pg2duck.rejects", &statement)
    }

    /// How many values of this table are listed.
    pub(super) fn count_rejects(&self, set: &ChangeSet) -> Result<u64> {
        let count = sql!("SELECT count(*) FROM {} WHERE {}", ours("rejects"), of_lake_table(&set.lake));
        self.value("count _pg2duck.rejects", &count)
    }
}

/// The keys of those rows of these batches that are missing for their keys, as the source prints them; `None` where there is no such row.
fn missing_rows(archive: &Path, set: &ChangeSet, kind: BatchKind) -> Option<Sql> {
    let files = parquet(archive, set.of_kind(kind).filter(|batch| batch.rejects > 0))?;
    (!set.schema.key.is_empty()).then(|| sql!("SELECT {} FROM {} WHERE {}", row_key(set), files, is_missing(set)))
}

fn is_missing(set: &ChangeSet) -> Sql {
    Sql::join(set.schema.key.iter().map(|name| sql!("{} IS NULL", Ident(name))), " OR ")
}

fn missing_key(set: &ChangeSet) -> Sql {
    match set.schema.key.is_empty() {
        true => Sql::fixed("NULL::JSON"),
        false => sql!("CASE WHEN {} THEN {} END", is_missing(set), row_key(set)),
    }
}

/// The key of a row of a file that rejects values, with what was rejected of it as text.
fn row_key(set: &ChangeSet) -> Sql {
    let [column, value, _] = REJECT_FIELDS.map(|field| sql!("{}", Lit(field)));
    key_object(set, |name| {
        let held = in_lake(set, name);
        let kind = set.schema.columns.iter().find(|column| column.name == name).map(|column| &column.kind);
        if kind.is_none_or(is_whole) {
            return held;
        }
        sql!(
            "coalesce(({})::VARCHAR, struct_extract(list_filter({}, lambda reject: struct_extract(reject, {}) = {})[1], {}))",
            held,
            Ident(REJECTS),
            column,
            Lit(name),
            value
        )
    })
}

fn in_lake(set: &ChangeSet, name: &str) -> Sql {
    let column = set.schema.columns.iter().find(|column| column.name == name);
    column.map_or_else(|| sql!("{}", Ident(name)), |column| column.kind.lake_value(name))
}

fn is_whole(kind: &ColumnType) -> bool {
    use ColumnType::{Bool, Int2, Int4, Int8, Oid};
    matches!(kind, Bool | Int2 | Int4 | Int8 | Oid)
}

/// Whole numbers as such, all else as text: JSON has no NaN, and DuckDB writes .5 for a decimal.
fn key_object(set: &ChangeSet, value: impl Fn(&str) -> Sql) -> Sql {
    let pairs = set.schema.key_columns().map(|column| {
        let text = if is_whole(&column.kind) { "" } else { "::VARCHAR" };
        sql!("{}, ({}){}", Lit(&column.name), value(&column.name), Sql::fixed(text))
    });
    sql!("json_object({})", Sql::join(pairs, ", "))
}
