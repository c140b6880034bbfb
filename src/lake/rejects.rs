//! `_pg2duck.rejects`: the values that the lake's types cannot hold, each under the key of its row. It tells of the rows as
//! they are now: a row that is written again takes its old rejects with it. One whose key itself was rejected cannot be found again:
//! its line stays until the table is copied afresh.

use super::Lake;
use super::batches::parquet;
use super::key::explain;
use crate::error::Result;
use crate::model::batch::{REJECT_FIELDS, REJECTS};
use crate::model::sql::{literal, quote, quote_list};
use crate::model::{BatchKind, ChangeSet, ColumnType};
use std::path::Path;

/// The table; `key` is an object of the key's columns, with null where the key itself was rejected.
pub(super) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS _pg2duck.rejects (
        source_schema VARCHAR NOT NULL, source_table VARCHAR NOT NULL, key JSON NOT NULL, column_name VARCHAR NOT NULL,
        value VARCHAR NOT NULL, reason VARCHAR NOT NULL, cycle VARCHAR NOT NULL, rejected_at TIMESTAMPTZ NOT NULL);
";

impl Lake {
    /// Forgets the rejects of rows that `rows` (a table with the key's columns) is about to replace.
    pub(super) fn forget_rejects_of(&self, set: &ChangeSet, rows: &str) -> Result<()> {
        if self.count_rejects(set)? == 0 {
            return Ok(());
        }
        let key = key_object(set, quote);
        self.execute(
            "clear _pg2duck.rejects",
            &format!("DELETE FROM _pg2duck.rejects WHERE {} AND key IN (SELECT {key} FROM {rows})", of_table(set)),
        )
    }

    /// Forgets all rejects of a table that is about to be replaced.
    pub(super) fn forget_rejects(&self, set: &ChangeSet) -> Result<()> {
        let sql = format!("DELETE FROM _pg2duck.rejects WHERE {}", of_table(set));
        self.execute("clear _pg2duck.rejects", &sql)
    }

    /// Lists the rejects of these batches.
    pub(super) fn list_rejects(&self, archive: &Path, set: &ChangeSet, kind: BatchKind) -> Result<()> {
        self.list_rejects_where(archive, set, kind, "true")
    }

    /// Lists the rejects of rows as these versions leave them; `versions` has all that have a key.
    pub(super) fn list_rejects_of_versions(&self, archive: &Path, set: &ChangeSet, versions: &str) -> Result<()> {
        let key = quote_list(set.schema.key.iter().map(String::as_str));
        let missing: Vec<String> = set.schema.key.iter().map(|name| format!("{} IS NULL", quote(name))).collect();
        let last = format!(
            "_pg2duck_op <> 'd' AND ({} OR _pg2duck_seq IN (SELECT max(_pg2duck_seq) FROM {versions} GROUP BY {key}))",
            missing.join(" OR ")
        );
        self.list_rejects_where(archive, set, BatchKind::Versions, &last)
    }

    fn list_rejects_where(&self, archive: &Path, set: &ChangeSet, kind: BatchKind, condition: &str) -> Result<()> {
        let rejecting = set.of_kind(kind).filter(|batch| batch.rejects > 0);
        let Some(files) = parquet(archive, rejecting) else { return Ok(()) };
        let in_lake = |name: &str| {
            let column = set.schema.columns.iter().find(|column| column.name == name);
            column.map_or_else(|| quote(name), |column| column.kind.from_parquet(name))
        };
        let fields: Vec<String> =
            REJECT_FIELDS.iter().map(|field| format!("struct_extract(reject, {})", literal(field))).collect();
        let sql = format!(
            "INSERT INTO _pg2duck.rejects SELECT {}, {}, key, {}, {}, now() \
             FROM (SELECT DISTINCT {} AS key, unnest({REJECTS}) AS reject FROM {files} WHERE {condition}) AS new \
             WHERE NOT EXISTS (SELECT 1 FROM _pg2duck.rejects AS known WHERE {} AND known.key = new.key \
               AND (known.column_name, known.value, known.reason) = ({}))",
            literal(&set.table.schema),
            literal(&set.table.table),
            fields.join(", "),
            literal(&set.cycle),
            key_object(set, in_lake),
            of_table(set),
            fields.join(", "),
        );
        self.db.execute_batch(&sql).map_err(|error| explain("list rejected values", set, &error))
    }

    /// How many values of this table are listed.
    pub(super) fn count_rejects(&self, set: &ChangeSet) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM _pg2duck.rejects WHERE {}", of_table(set));
        let counted = self.db.query_row(&sql, [], |row| row.get(0));
        counted.map_err(|error| super::failure("count _pg2duck.rejects", &error))
    }
}

fn of_table(set: &ChangeSet) -> String {
    format!("source_schema = {} AND source_table = {}", literal(&set.table.schema), literal(&set.table.table))
}

/// Whole numbers as such, all else as text: JSON has no NaN, and DuckDB writes .5 for a decimal.
fn key_object(set: &ChangeSet, value: impl Fn(&str) -> String) -> String {
    use ColumnType::{Bool, Int2, Int4, Int8, Oid};
    let pairs = set.schema.key_columns().map(|column| {
        let text = if matches!(column.kind, Bool | Int2 | Int4 | Int8 | Oid) { "" } else { "::VARCHAR" };
        format!("{}, ({}){text}", literal(&column.name), value(&column.name))
    });
    format!("json_object({})", pairs.collect::<Vec<_>>().join(", "))
}
