//! Rows that stand in a bootstrap twice: they moved from a chunk that was read to one that was not yet.

use super::key::{key_names, not_unique};
use super::layout::same;
use super::merge::Matching;
use super::table::in_lake;
use super::{Lake, batches};
use crate::error::Result;
use crate::model::sql::{Ident, Sql};
use crate::model::{BatchKind, ChangeSet, TableName};
use crate::sql;
use std::path::Path;

/// Keys that stand in two chunks.
static REPEATED: Sql = Sql::fixed("temp.main.pg2duck_repeated");
/// Their rows as they were read last.
pub(super) static LAST: Sql = Sql::fixed("temp.main.pg2duck_last");

/// Of a row that stands in two chunks, the one read last is taken; where that is not its present version, the changes that follow
/// hold it (or the next full scan, if its cursor value did not move). Finds these rows; whether there are any.
///
/// # Errors
/// Kind `Table`: a key occurs twice within one chunk, so it is none.
pub(super) fn find_repeated(lake: &Lake, archive: &Path, set: &ChangeSet, copy: &TableName) -> Result<bool> {
    if !set.is_rewritten() || set.schema.key.is_empty() {
        return Ok(false);
    }
    let operation = format!("load {}", set.lake);
    let key = key_names(&set.schema.key);
    let find = sql!(
        "CREATE OR REPLACE TEMP TABLE {} AS SELECT {} FROM {} GROUP BY {} HAVING count(*) > 1",
        REPEATED,
        key,
        in_lake(copy),
        key
    );
    lake.execute(&operation, &find)?;
    let any = lake.value::<u64>(&operation, &sql!("SELECT count(*) FROM {}", REPEATED))? > 0;
    if any {
        if !set.schema.key_proven && repeats_within_a_chunk(lake, archive, set)? {
            return Err(not_unique(&operation, &set.table, &set.schema));
        }
        let hides_order = set.schema.columns.iter().any(|column| same(&column.name, "rowid"));
        // Rows stand in the order in which they were loaded, where no column of the source hides it.
        let last = match hides_order {
            true => batches::last_of(archive, set, &REPEATED),
            false => sql!(
                "FROM {} AS copied SEMI JOIN {} AS wanted USING ({}) \
                 QUALIFY row_number() OVER (PARTITION BY {} ORDER BY rowid DESC) = 1",
                in_lake(copy),
                REPEATED,
                key,
                key
            ),
        };
        lake.execute(&operation, &sql!("CREATE OR REPLACE TEMP TABLE {} AS {}", LAST, last))?;
    }
    lake.execute(&operation, &sql!("DROP TABLE {}", REPEATED))?;
    Ok(any)
}

/// Leaves each key once in a copy that no key is declared for.
///
/// # Errors
/// As for [`find_repeated`].
pub(super) fn keep_last(lake: &Lake, archive: &Path, set: &ChangeSet, copy: &TableName) -> Result<()> {
    if !find_repeated(lake, archive, set, copy)? {
        return Ok(());
    }
    let same = Matching::by(&set.schema.key).on("target", "last");
    let statement = sql!(
        "DELETE FROM {copy} AS target USING {last} AS last WHERE {same}; INSERT INTO {copy} BY NAME FROM {last}; DROP TABLE {last}",
        copy = in_lake(copy),
        last = LAST,
        same = same
    );
    lake.execute(&format!("load {}", set.lake), &statement)
}

/// One chunk is one snapshot, where a key occurs once. Across chunks it may occur again, in another version of its row.
fn repeats_within_a_chunk(lake: &Lake, archive: &Path, set: &ChangeSet) -> Result<bool> {
    let key = set.schema.key.iter().map(|column| sql!("{} IS NOT NULL", Ident(column)));
    let statement = sql!(
        "SELECT EXISTS (SELECT 1 FROM read_parquet([{}], hive_partitioning = false, union_by_name = true, \
           filename = '_pg2duck_file') WHERE {} \
         GROUP BY regexp_replace(_pg2duck_file, '-[0-9]+[.]parquet$', ''), {} HAVING count(*) > 1)",
        batches::files(archive, set.of_kind(BatchKind::Bootstrap)),
        Sql::join(key, " AND "),
        key_names(&set.schema.key)
    );
    lake.value(&format!("check the key of {}", set.lake), &statement)
}
