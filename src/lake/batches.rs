//! The SQL that reads Parquet batches.

use crate::model::batch::REJECTS;
use crate::model::sql::{literal, quote};
use crate::model::{Batch, BatchKind, ChangeSet, TableSchema, version_columns};
use std::path::Path;

/// A SELECT of the batches' rows in lake types; `None` when there are no batches of this kind.
///
/// Rows whose key was rejected have no place in the lake table: only `_pg2duck.rejects` tells of them.
pub(super) fn rows(archive: &Path, batches: &[&Batch], kind: BatchKind, schema: &TableSchema) -> Option<String> {
    let in_lake =
        |name: &String, kind: &crate::model::ColumnType| format!("{} AS {}", kind.from_parquet(name), quote(name));
    let only_keys = matches!(kind, BatchKind::Deletes | BatchKind::Present);
    let travels = |name: &String| !only_keys || schema.key.contains(name);
    let columns = schema.columns.iter().filter(|column| travels(&column.name));
    let mut columns: Vec<String> = columns.map(|column| in_lake(&column.name, &column.kind)).collect();
    if kind == BatchKind::Versions {
        columns.extend(version_columns().iter().map(|column| in_lake(&column.name, &column.kind)));
    }
    let missing: Vec<String> = schema.key.iter().map(|column| format!("{} IS NULL", quote(column))).collect();
    let with_key = match missing.is_empty() {
        true => String::new(),
        false => format!(" WHERE NOT (({}) AND len({}) > 0)", missing.join(" OR "), REJECTS),
    };
    let of_kind =
        |rejecting| batches.iter().copied().filter(move |batch| batch.kind == kind && (batch.rejects > 0) == rejecting);
    let parts = [(parquet(archive, of_kind(false)), ""), (parquet(archive, of_kind(true)), with_key.as_str())];
    let selects: Vec<String> = parts
        .into_iter()
        .filter_map(|(files, filter)| Some(format!("SELECT {} FROM {}{filter}", columns.join(", "), files?)))
        .collect();
    (!selects.is_empty()).then(|| selects.join(" UNION ALL "))
}

/// The same of a change set's rows of this kind.
pub(super) fn of(archive: &Path, set: &ChangeSet, kind: BatchKind) -> Option<String> {
    rows(archive, &set.of_kind(kind).collect::<Vec<_>>(), kind, &set.schema)
}

/// `read_parquet([…])` of these batches; `None` when there are none.
pub(super) fn parquet<'a>(archive: &Path, batches: impl Iterator<Item = &'a Batch>) -> Option<String> {
    let files: Vec<String> = batches.map(|batch| literal(&archive.join(&batch.path).to_string_lossy())).collect();
    (!files.is_empty()).then(|| format!("read_parquet([{}], hive_partitioning = false)", files.join(", ")))
}
