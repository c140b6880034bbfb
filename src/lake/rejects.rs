//! `_pg2duck.rejects`: the values that the lake's types cannot hold, each under the key of its row. It tells of the rows as
//! they are now: a row that is written again takes its old rejects with it. One whose key itself was rejected cannot be found again:
//! its line stays until the table is bootstrapped again.

use super::Lake;
use super::batches::parquet;
use super::key::{explain, key_names};
use super::schema::Shape;
use super::table::ours;
use crate::error::Result;
use crate::model::batch::{REJECT_FIELDS, REJECTS};
use crate::model::sql::{Ident, Lit, Sql};
use crate::model::{BatchKind, ChangeSet, ColumnType};
use crate::sql;
use std::path::Path;

/// The table; `key` is an object of the key's columns, with null where the key itself was rejected.
pub(super) fn table() -> Sql {
    sql!(
        "CREATE TABLE IF NOT EXISTS {} (
            source_schema VARCHAR NOT NULL, source_table VARCHAR NOT NULL, key JSON NOT NULL, column_name VARCHAR NOT NULL,
            value VARCHAR NOT NULL, reason VARCHAR NOT NULL, cycle VARCHAR NOT NULL, rejected_at TIMESTAMPTZ NOT NULL);",
        ours("rejects")
    )
}

impl Lake {
    /// Forgets the rejects of rows that `rows` (a table with the key's columns) is about to replace.
    pub(super) fn forget_rejects_of(&self, set: &ChangeSet, rows: &Sql) -> Result<()> {
        if self.count_rejects(set)? == 0 {
            return Ok(());
        }
        let key = key_object(set, |name| sql!("{}", Ident(name)));
        let statement =
            sql!("DELETE FROM {} WHERE {} AND key IN (SELECT {} FROM {})", ours("rejects"), of_table(set), key, rows);
        self.execute("clear _pg2duck.rejects", &statement)
    }

    /// Forgets all rejects of a table that is about to be replaced.
    pub(super) fn forget_rejects(&self, set: &ChangeSet) -> Result<()> {
        let statement = sql!("DELETE FROM {} WHERE {}", ours("rejects"), of_table(set));
        self.execute("clear _pg2duck.rejects", &statement)
    }

    /// Lists the rejects of these batches.
    pub(super) fn list_rejects(&self, archive: &Path, set: &ChangeSet, kind: BatchKind) -> Result<()> {
        self.list_rejects_where(archive, set, kind, &Sql::fixed("true"))
    }

    /// Lists the rejects of rows as these versions leave them; `versions` has all that have a key.
    pub(super) fn list_rejects_of_versions(&self, archive: &Path, set: &ChangeSet, versions: &Sql) -> Result<()> {
        let missing = set.schema.key.iter().map(|name| sql!("{} IS NULL", Ident(name)));
        let last = sql!(
            "_pg2duck_op <> 'd' AND ({} OR _pg2duck_seq IN (SELECT max(_pg2duck_seq) FROM {} GROUP BY {}))",
            Sql::join(missing, " OR "),
            versions,
            key_names(&set.schema.key)
        );
        self.list_rejects_where(archive, set, BatchKind::Versions, &last)
    }

    fn list_rejects_where(&self, archive: &Path, set: &ChangeSet, kind: BatchKind, condition: &Sql) -> Result<()> {
        let rejecting = set.of_kind(kind).filter(|batch| batch.rejects > 0);
        let Some(files) = parquet(archive, rejecting) else { return Ok(()) };
        let in_lake = |name: &str| {
            let column = set.schema.columns.iter().find(|column| column.name == name);
            column.map_or_else(|| sql!("{}", Ident(name)), |column| column.kind.lake_value(name))
        };
        let fields = Sql::join(REJECT_FIELDS.iter().map(|field| sql!("struct_extract(reject, {})", Lit(field))), ", ");
        let statement = sql!(
            "INSERT INTO {rejects} SELECT {schema}, {table}, key, {fields}, {cycle}, now() \
             FROM (SELECT DISTINCT {key} AS key, unnest({listed}) AS reject FROM {files} WHERE {condition}) AS new \
             WHERE NOT EXISTS (SELECT 1 FROM {rejects} AS known WHERE {of_table} AND known.key = new.key \
               AND (known.column_name, known.value, known.reason) = ({fields}))",
            rejects = ours("rejects"),
            schema = Lit(&set.table.schema),
            table = Lit(&set.table.table),
            fields = fields,
            cycle = Lit(&set.cycle),
            key = key_object(set, in_lake),
            listed = Ident(REJECTS),
            files = files,
            condition = condition,
            of_table = of_table(set)
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
        let key = away
            .chain(back)
            .fold(Sql::fixed("key::VARCHAR"), |key, (from, to)| sql!("replace({}, {}, {})", key, Lit(&from), Lit(&to)));
        let statement = sql!(
            "UPDATE {} SET column_name = CASE column_name{} ELSE column_name END, key = {}::JSON WHERE {}",
            ours("rejects"),
            Sql::join(names, ""),
            key,
            of_table(set)
        );
        self.execute("rename in _pg2duck.rejects", &statement)
    }

    /// How many values of this table are listed.
    pub(super) fn count_rejects(&self, set: &ChangeSet) -> Result<u64> {
        let count = sql!("SELECT count(*) FROM {} WHERE {}", ours("rejects"), of_table(set));
        self.value("count _pg2duck.rejects", &count)
    }
}

fn of_table(set: &ChangeSet) -> Sql {
    sql!("source_schema = {} AND source_table = {}", Lit(&set.table.schema), Lit(&set.table.table))
}

/// Whole numbers as such, all else as text: JSON has no NaN, and DuckDB writes .5 for a decimal.
fn key_object(set: &ChangeSet, value: impl Fn(&str) -> Sql) -> Sql {
    use ColumnType::{Bool, Int2, Int4, Int8, Oid};
    let pairs = set.schema.key_columns().map(|column| {
        let text = if matches!(column.kind, Bool | Int2 | Int4 | Int8 | Oid) { "" } else { "::VARCHAR" };
        sql!("{}, ({}){}", Lit(&column.name), value(&column.name), Sql::fixed(text))
    });
    sql!("json_object({})", Sql::join(pairs, ", "))
}
