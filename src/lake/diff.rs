//! Finding deleted rows without triggers: which keys the lake holds, range by range, and which of them the source no longer
//! has.

use super::key::same_key;
use super::mode::Mode;
use super::{Lake, failure};
use crate::error::{Error, Result};
use crate::extract::diff::{Digest, Range};
use crate::frame::ColumnType;
use crate::frame::parquet::BatchKind;
use crate::names::{TableName, literal, quote, quote_list};
use crate::state::{Layout, Pending};
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
        layout: &Layout,
        position: Option<&str>,
        budget: u64,
    ) -> Result<Vec<(Range, Option<Digest>)>> {
        let alive = alive(&table.quoted(), layout);
        let mut digests = Vec::new();
        for range in self.ranges(&alive, layout, position, budget)? {
            let digest = match digest_expression(layout) {
                None => None,
                Some(hash) => {
                    let sql = format!(
                        "SELECT count(*), coalesce(sum(('0x' || substr(md5({hash}), 1, 15))::UBIGINT), 0)::VARCHAR FROM {alive} WHERE {}",
                        condition(layout, &range)
                    );
                    let read = self.db.query_row(&sql, [], |row| Ok(Digest { keys: row.get(0)?, sum: row.get(1)? }));
                    Some(read.map_err(|error| failure(format!("digest the keys of {table}"), &error))?)
                }
            };
            digests.push((range, digest));
        }
        Ok(digests)
    }

    fn ranges(&self, alive: &str, layout: &Layout, position: Option<&str>, budget: u64) -> Result<Vec<Range>> {
        let Some(first) = layout.range_column() else { return Ok(vec![Range::default()]) };
        let column = quote(&first.name);
        let after = Range { from: position.map(str::to_owned), to: None };
        let sql = format!(
            "SELECT v::VARCHAR FROM (SELECT {column} AS v, row_number() OVER (ORDER BY {column}) AS n FROM {alive} WHERE {}) \
             WHERE n > 1 AND n % {RANGE} = 1 AND n <= {budget} + {RANGE} GROUP BY v ORDER BY v",
            condition(layout, &after)
        );
        let read = || -> Result<Vec<String>, duckdb::Error> {
            self.db.prepare(&sql)?.query_map([], |row| row.get(0))?.collect()
        };
        let bounds = read().map_err(|error| failure("find the ranges of a table", &error))?;
        let mut ranges = Vec::new();
        let mut from = after.from;
        // Many rows of a composite key may share their first value.
        for to in bounds.into_iter().filter(|to| position != Some(to)) {
            ranges.push(Range { from: from.replace(to.clone()), to: Some(to) });
        }
        // Within the budget the last range reaches to the end, beyond the last key that is known here.
        if (ranges.len() as u64) * RANGE < budget.max(1) {
            ranges.push(Range { from, to: None });
        }
        Ok(ranges)
    }

    /// Fills `table` with the keys in the diff's ranges that the source does not have; whether there are any.
    ///
    /// # Errors
    /// Kind `Table`: too large a share of the table would vanish.
    pub(super) fn find_deleted(&self, archive: &Path, pending: &Pending, table: &str) -> Result<bool> {
        let Some(ranges) = pending.diff.as_deref() else { return Ok(false) };
        let operation = format!("compare the keys of {}", pending.table);
        let alive = alive(&pending.lake.quoted(), &pending.layout);
        let present = super::batches::rows(archive, &pending.batches, BatchKind::Present, &pending.layout);
        let anti = present.map_or_else(String::new, |rows| {
            format!(" ANTI JOIN ({rows}) AS present ON {}", same_key(&pending.layout.key, "alive", "present"))
        });
        let within: Vec<String> =
            ranges.iter().map(|range| format!("({})", condition(&pending.layout, range))).collect();
        self.execute(
            &operation,
            &format!(
                "CREATE OR REPLACE TEMP TABLE {table} AS SELECT {} FROM (SELECT * FROM {alive} WHERE {}) AS alive{anti}",
                quote_list(pending.layout.key.iter().map(String::as_str)),
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
                pending.table, self.delete_brake
            )));
        }
        Ok(gone > 0)
    }
}

/// The rows of a lake table that stand for rows of the source.
fn alive(table: &str, layout: &Layout) -> String {
    let key = quote_list(layout.key.iter().map(String::as_str));
    match layout.mode {
        Mode::SoftDelete => format!("(SELECT * FROM {table} WHERE _deleted_at IS NULL)"),
        Mode::History => format!("(SELECT * FROM {table} WHERE _is_current)"),
        Mode::Append => format!(
            "(SELECT * FROM (SELECT * FROM {table} \
              QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY _synced_at DESC, rowid DESC) = 1) WHERE _op <> 'd')"
        ),
        Mode::Mirror | Mode::Full | Mode::FullAppend => table.to_owned(),
    }
}

fn condition(layout: &Layout, range: &Range) -> String {
    let Some(first) = layout.range_column() else { return "true".into() };
    let bound = |value: &String| format!("{}::{}", literal(value), first.kind.lake_type());
    range.condition(&quote(&first.name), bound)
}

/// The text of the key that both databases print alike; `None` where they do not.
fn digest_expression(layout: &Layout) -> Option<String> {
    let parts: Option<Vec<String>> = layout
        .key_columns()
        .map(|column| column.kind.prints_alike().then(|| format!("{}::VARCHAR", quote(&column.name))))
        .collect();
    Some(format!("concat_ws(chr(31), {})", parts?.join(", ")))
}

impl ColumnType {
    /// Whether Postgres and DuckDB print its values alike, so that hashes of them can be compared.
    pub fn prints_alike(&self) -> bool {
        matches!(self, Self::Int2 | Self::Int4 | Self::Int8 | Self::Oid | Self::Uuid | Self::Text)
    }
}
