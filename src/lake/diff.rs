//! Finding deleted rows without triggers: which keys the lake holds, range by range, and which of them the source no longer
//! has.

use super::key::same_key;
use super::{Lake, batches, failure};
use crate::error::{Error, Result};
use crate::model::sql::{literal, quote, quote_list};
use crate::model::{BatchKind, ChangeSet, Digest, KeyRange, Mode, TableName, TableSchema};
use std::path::Path;

/// Keys per range: one index range scan in the source.
const RANGE: u64 = 50_000;
/// A table may always lose so many rows, whatever share of it they are.
const ALWAYS_FINE: u64 = 10;

impl Lake {
    /// The table's keys as ranges of the first key column after `position`, at most `budget` keys of them, with a digest of
    /// each where both databases can compute the same one.
    pub fn digests(
        &self,
        table: &TableName,
        schema: &TableSchema,
        position: Option<&str>,
        budget: u64,
    ) -> Result<Vec<(KeyRange, Option<Digest>)>> {
        let alive = alive(&table.quoted(), schema);
        let mut digests = Vec::new();
        for range in self.ranges(&alive, schema, position, budget)? {
            let digest = match digest_expression(schema) {
                None => None,
                Some(hash) => {
                    let sql = format!(
                        "SELECT count(*), coalesce(sum(('0x' || substr(md5({hash}), 1, 15))::UBIGINT), 0)::VARCHAR FROM {alive} WHERE {}",
                        condition(schema, &range)
                    );
                    let read = self.db.query_row(&sql, [], |row| Ok(Digest { keys: row.get(0)?, sum: row.get(1)? }));
                    Some(read.map_err(|error| failure(format!("digest the keys of {table}"), &error))?)
                }
            };
            digests.push((range, digest));
        }
        Ok(digests)
    }

    fn ranges(&self, alive: &str, schema: &TableSchema, position: Option<&str>, budget: u64) -> Result<Vec<KeyRange>> {
        let Some(first) = schema.range_column() else { return Ok(vec![KeyRange::default()]) };
        let column = quote(&first.name);
        let after = KeyRange { from: position.map(str::to_owned), to: None };
        let sql = format!(
            "SELECT v::VARCHAR FROM (SELECT {column} AS v, row_number() OVER (ORDER BY {column}) AS n FROM {alive} WHERE {}) \
             WHERE n > 1 AND n % {RANGE} = 1 AND n <= {budget} + {RANGE} GROUP BY v ORDER BY v",
            condition(schema, &after)
        );
        let read = || -> Result<Vec<String>, duckdb::Error> {
            self.db.prepare(&sql)?.query_map([], |row| row.get(0))?.collect()
        };
        let bounds = read().map_err(|error| failure("find the ranges of a table", &error))?;
        let mut ranges = Vec::new();
        let mut from = after.from;
        // Many rows of a composite key may share their first value.
        for to in bounds.into_iter().filter(|to| position != Some(to)) {
            ranges.push(KeyRange { from: from.replace(to.clone()), to: Some(to) });
        }
        // Within the budget the last range reaches to the end, beyond the last key that is known here.
        if (ranges.len() as u64) * RANGE < budget.max(1) {
            ranges.push(KeyRange { from, to: None });
        }
        Ok(ranges)
    }

    /// Fills `table` with the keys in the diff's ranges that the source does not have; whether there are any.
    ///
    /// # Errors
    /// Kind `Table`: too large a share of the table would vanish.
    pub(super) fn find_deleted(&self, archive: &Path, set: &ChangeSet, table: &str) -> Result<bool> {
        let ranges = set.differing();
        if ranges.is_empty() {
            return Ok(false);
        }
        let operation = format!("compare the keys of {}", set.table);
        let alive = alive(&set.lake.quoted(), &set.schema);
        let present = batches::of(archive, set, BatchKind::Present);
        let anti = present.map_or_else(String::new, |rows| {
            format!(" ANTI JOIN ({rows}) AS present ON {}", same_key(&set.schema.key, "alive", "present"))
        });
        let within: Vec<String> = ranges.iter().map(|range| format!("({})", condition(&set.schema, range))).collect();
        self.execute(
            &operation,
            &format!(
                "CREATE OR REPLACE TEMP TABLE {table} AS SELECT {} FROM (SELECT * FROM {alive} WHERE {}) AS alive{anti}",
                quote_list(set.schema.key.iter().map(String::as_str)),
                within.join(" OR ")
            ),
        )?;
        let count = |of: &str| -> Result<u64> {
            let counted = self.db.query_row(&format!("SELECT count(*) FROM {of}"), [], |row| row.get(0));
            counted.map_err(|error| failure(&operation, &error))
        };
        let (gone, all) = (count(table)?, count(&alive)?);
        if gone > ALWAYS_FINE && gone * 100 > all * self.delete_brake {
            return Err(Error::table(format!(
                "{gone} of {all} rows of {} are gone from the source, more than DELETE_BRAKE={}% of them: nothing was deleted; \
                 if that is right, run: pg2duck once --allow-mass-delete",
                set.table, self.delete_brake
            )));
        }
        Ok(gone > 0)
    }
}

/// The rows of a lake table that stand for rows of the source.
fn alive(table: &str, schema: &TableSchema) -> String {
    let key = quote_list(schema.key.iter().map(String::as_str));
    match schema.mode {
        Mode::SoftDelete => format!("(SELECT * FROM {table} WHERE _deleted_at IS NULL)"),
        Mode::History => format!("(SELECT * FROM {table} WHERE _is_current)"),
        Mode::Append => format!(
            "(SELECT * FROM (SELECT * FROM {table} \
              QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY _synced_at DESC, rowid DESC) = 1) WHERE _op <> 'd')"
        ),
        Mode::Mirror | Mode::Full | Mode::FullAppend => table.to_owned(),
    }
}

fn condition(schema: &TableSchema, range: &KeyRange) -> String {
    let Some(first) = schema.range_column() else { return "true".into() };
    let bound = |value: &String| format!("{}::{}", literal(value), first.kind.lake_type());
    range.condition(&quote(&first.name), bound)
}

/// The text of the key that both databases print alike; `None` where they do not.
fn digest_expression(schema: &TableSchema) -> Option<String> {
    let parts: Option<Vec<String>> = schema
        .key_columns()
        .map(|column| column.kind.prints_alike().then(|| format!("{}::VARCHAR", quote(&column.name))))
        .collect();
    Some(format!("concat_ws(chr(31), {})", parts?.join(", ")))
}
