//! The SQL that reads Parquet batches.

use crate::model::batch::REJECTS;
use crate::model::sql::{Ident, Lit, Sql};
use crate::model::{Batch, BatchKind, ChangeSet, ColumnType, TableSchema, version_columns};
use crate::sql;
use std::path::Path;

/// A SELECT of the batches' rows in lake types; `None` when there are no batches of this kind.
///
/// Rows whose key was rejected have no place in the lake table: only `_pg2duck.rejects` tells of them.
pub(super) fn rows(archive: &Path, batches: &[&Batch], kind: BatchKind, schema: &TableSchema) -> Option<Sql> {
    let in_lake = |name: &String, kind: &ColumnType| sql!("{} AS {}", kind.lake_value(name), Ident(name));
    let only_keys = matches!(kind, BatchKind::Deletes | BatchKind::Present);
    let travels = |name: &String| !only_keys || schema.key.contains(name);
    let columns = schema.columns.iter().filter(|column| travels(&column.name));
    let mut columns: Vec<Sql> = columns.map(|column| in_lake(&column.name, &column.kind)).collect();
    if kind == BatchKind::Versions {
        columns.extend(version_columns().iter().map(|column| in_lake(&column.name, &column.kind)));
    }
    let columns = Sql::join(columns, ", ");
    let missing: Vec<Sql> = schema.key.iter().map(|column| sql!("{} IS NULL", Ident(column))).collect();
    let with_key = match missing.is_empty() {
        true => Sql::fixed(""),
        false => sql!(" WHERE NOT (({}) AND len({}) > 0)", Sql::join(missing, " OR "), Ident(REJECTS)),
    };
    let of_kind = |rejecting| {
        let of_kind = batches.iter().copied().filter(move |batch| batch.kind == kind);
        parquet(archive, of_kind.filter(move |batch| (batch.rejects > 0) == rejecting))
    };
    let parts = [(of_kind(false), Sql::fixed("")), (of_kind(true), with_key)];
    let selects: Vec<Sql> = parts
        .into_iter()
        .filter_map(|(files, filter)| Some(sql!("SELECT {} FROM {}{}", columns, files?, filter)))
        .collect();
    (!selects.is_empty()).then(|| Sql::join(selects, " UNION ALL "))
}

/// The same of a change set's rows of this kind.
pub(super) fn of(archive: &Path, set: &ChangeSet, kind: BatchKind) -> Option<Sql> {
    rows(archive, &set.of_kind(kind).collect::<Vec<_>>(), kind, &set.schema)
}

/// `read_parquet([…])` of these batches; `None` when there are none.
pub(super) fn parquet<'a>(archive: &Path, batches: impl Iterator<Item = &'a Batch>) -> Option<Sql> {
    let files = files(archive, batches);
    (!files.is_empty()).then(|| sql!("read_parquet([{}], hive_partitioning = false)", files))
}

/// The paths of these batches, with commas between them.
pub(super) fn files<'a>(archive: &Path, batches: impl Iterator<Item = &'a Batch>) -> Sql {
    Sql::join(batches.map(|batch| sql!("{}", Lit(&archive.join(&batch.path).to_string_lossy()))), ", ")
}
