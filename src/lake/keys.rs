//! Finding deleted rows without triggers: which keys the lake holds, range by range, and which of them the source no longer
//! has.

use super::key::{self, key_names};
use super::merge::Matching;
use super::schema::fits;
use super::table::in_lake;
use super::{Lake, batches, failure};
use crate::error::{Error, Result};
use crate::model::sql::{Ident, Lit, Sql};
use crate::model::{BatchKind, ChangeSet, Digest, KeyRange, Mode, TableName, TableSchema};
use crate::sql;
use std::path::Path;

/// Keys per range: one index range scan in the source.
const RANGE: u64 = 50_000;
/// A table may always lose so many rows, whatever share of it they are.
const ALWAYS_FINE: u64 = 10;

impl Lake {
    /// The table's keys as ranges of the first key column from `next_key` on, at most `budget` keys of them, with a digest of
    /// each where both databases can compute the same one. None of a table that is not in shape for it.
    pub fn digests(
        &self,
        table: &TableName,
        schema: &TableSchema,
        next_key: Option<&str>,
        budget: u64,
    ) -> Result<Vec<(KeyRange, Option<Digest>)>> {
        // One that an earlier version made, or somebody else altered, is brought into shape first.
        if !fits(&self.columns(table)?, schema) {
            return Ok(Vec::new());
        }
        let alive = alive(table, schema);
        let hash = digest_expression(schema);
        let mut digests = Vec::new();
        for range in self.ranges(&alive, schema, next_key, budget)? {
            let digest = hash.as_ref().map(|hash| self.digest(table, &alive, hash, &condition(schema, &range)));
            digests.push((range, digest.transpose()?));
        }
        Ok(digests)
    }

    fn digest(&self, table: &TableName, alive: &Sql, hash: &Sql, within: &Sql) -> Result<Digest> {
        let sql = sql!(
            "SELECT count(*), coalesce(sum(('0x' || substr(md5({}), 1, 15))::UBIGINT), 0)::VARCHAR FROM {} WHERE {}",
            hash,
            alive,
            within
        );
        let digest = |row: &duckdb::Row<'_>| Ok(Digest { keys: row.get(0)?, sum: row.get(1)? });
        self.db.row(&sql, digest).map_err(|error| failure(format!("digest the keys of {table}"), &error))
    }

    fn ranges(&self, alive: &Sql, schema: &TableSchema, next_key: Option<&str>, budget: u64) -> Result<Vec<KeyRange>> {
        let Some(first) = schema.range_column() else { return Ok(vec![KeyRange::default()]) };
        let after = KeyRange { from: next_key.map(str::to_owned), to: None };
        let sql = sql!(
            "SELECT v::VARCHAR FROM (SELECT {column} AS v, row_number() OVER (ORDER BY {column}) AS n FROM {alive} WHERE {after}) \
             WHERE n > 1 AND n % {range} = 1 AND n <= {budget} + {range} GROUP BY v ORDER BY v",
            column = Ident(&first.name),
            alive = alive,
            after = condition(schema, &after),
            range = RANGE,
            budget = budget
        );
        let bounds = self.rows("find the ranges of a table", &sql, |row| row.get::<_, String>(0))?;
        let mut ranges = Vec::new();
        let mut from = after.from;
        // Many rows of a composite key may share their first value.
        for to in bounds.into_iter().filter(|to| next_key != Some(to)) {
            ranges.push(KeyRange { from: from.replace(to.clone()), to: Some(to) });
        }
        // Within the budget the last range reaches to the end, beyond the last key that is known here.
        if (ranges.len() as u64) * RANGE < budget.max(1) {
            ranges.push(KeyRange { from, to: None });
        }
        Ok(ranges)
    }

    /// Fills `table` with the keys in the compared ranges that the source does not have; answers how many there are.
    ///
    /// # Errors
    /// Kind `Table`: too large a share of the table would vanish, or the key is none.
    pub(super) fn find_deleted(&self, archive: &Path, set: &ChangeSet, table: &Sql) -> Result<u64> {
        let ranges = set.differing();
        if ranges.is_empty() {
            return Ok(0);
        }
        let operation = comparing(set);
        let alive = alive(&set.lake, &set.schema);
        let anti = match present(archive, set) {
            Some(rows) => {
                key::check(self, set, &rows, &operation)?;
                sql!(" ANTI JOIN {} ON {}", rows, Matching::by(&set.schema.key).on("alive", "present"))
            }
            None => Sql::fixed(""),
        };
        let within = ranges.iter().map(|range| sql!("({})", condition(&set.schema, range)));
        self.execute(
            &operation,
            &sql!(
                "CREATE OR REPLACE TEMP TABLE {} AS SELECT {} FROM (SELECT * FROM {} WHERE {}) AS alive{}",
                table,
                key_names(&set.schema.key),
                alive,
                Sql::join(within, " OR "),
                anti
            ),
        )?;
        let count = |of: &Sql| self.value::<u64>(&operation, &sql!("SELECT count(*) FROM {}", of));
        let (gone, all) = (count(table)?, count(&alive)?);
        if gone > ALWAYS_FINE && gone * 100 > all * self.delete_brake {
            return Err(Error::table(format!(
                "{gone} of {all} rows of {} are gone from the source, more than DELETE_BRAKE={}% of them: nothing was deleted; \
                 if that is right, run: pg2duck once --allow-mass-delete",
                set.table, self.delete_brake
            )));
        }
        Ok(gone)
    }

    /// How many of the compared keys have no row, now that the cycle is applied: changes that no poll could see, or rows that somebody
    /// removed from the lake.
    pub(super) fn lacking(&self, archive: &Path, set: &ChangeSet) -> Result<u64> {
        let Some(present) = present(archive, set) else { return Ok(0) };
        let known = set.schema.key.iter().map(|column| sql!("present.{} IS NOT NULL", Ident(column)));
        let sql = sql!(
            "SELECT count(*) FROM {} ANTI JOIN {} AS alive ON {} WHERE {}",
            present,
            alive(&set.lake, &set.schema),
            Matching::by(&set.schema.key).on("present", "alive"),
            Sql::join(known, " AND ")
        );
        self.value(&comparing(set), &sql)
    }
}

fn comparing(set: &ChangeSet) -> String {
    format!("compare the keys of {}", set.table)
}

/// The source's keys in the ranges that differ, as `present`, where it has any there.
fn present(archive: &Path, set: &ChangeSet) -> Option<Sql> {
    batches::of(archive, set, BatchKind::Present).map(|rows| sql!("({}) AS present", rows))
}

/// The rows of a lake table that stand for rows of the source.
pub(super) fn alive(table: &TableName, schema: &TableSchema) -> Sql {
    alive_by(table, schema.mode, &schema.key)
}

/// The same by another key.
pub(super) fn alive_by(table: &TableName, mode: Mode, key: &[String]) -> Sql {
    let table = in_lake(table);
    match mode {
        Mode::SoftDelete => sql!("(SELECT * FROM {} WHERE _deleted_at IS NULL)", table),
        Mode::History => sql!("(SELECT * FROM {} WHERE _is_current)", table),
        Mode::Append => sql!(
            "(SELECT * FROM (SELECT * FROM {} \
              QUALIFY row_number() OVER (PARTITION BY {} ORDER BY _seq DESC) = 1) WHERE _op <> 'd')",
            table,
            key_names(key)
        ),
        Mode::Mirror | Mode::Full | Mode::FullAppend => table,
    }
}

fn condition(schema: &TableSchema, range: &KeyRange) -> Sql {
    let Some(first) = schema.range_column() else { return Sql::fixed("true") };
    let bound = |value: &String| sql!("{}::{}", Lit(value), first.kind.in_sql()).to_string();
    Sql::trusted(range.condition(&Ident(&first.name).to_string(), bound))
}

/// The text of the key that both databases print alike; `None` where they do not.
fn digest_expression(schema: &TableSchema) -> Option<Sql> {
    let parts: Option<Vec<Sql>> = schema
        .key_columns()
        .map(|column| column.kind.prints_alike().then(|| sql!("{}::VARCHAR", Ident(&column.name))))
        .collect();
    Some(sql!("concat_ws(chr(31), {})", Sql::join(parts?, ", ")))
}
