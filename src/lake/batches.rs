//! The SQL that reads Parquet batches.

use crate::model::batch::REJECTS;
use crate::model::sql::{Ident, Lit, Sql};
use crate::model::{Batch, BatchKind, ChangeSet, ColumnType, TableSchema, version_columns};
use crate::sql;
use std::path::Path;

/// Columns of batches: their names in the files, their types, and their names in the lake.
pub(super) struct Columns<'a> {
    pub columns: Vec<(&'a str, &'a ColumnType, &'a str)>,
    /// The key, by its names in the files.
    pub key: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    /// Those of the table as it is: the lake has the source's names.
    pub fn of(schema: &'a TableSchema) -> Self {
        let columns = schema.columns.iter().map(|column| (column.name.as_str(), &column.kind, column.name.as_str()));
        Self { columns: columns.collect(), key: schema.key.iter().map(String::as_str).collect() }
    }

    /// The values as the lake has them.
    fn values(&self) -> impl Iterator<Item = Sql> {
        self.columns.iter().map(|(name, kind, in_lake)| sql!("{} AS {}", kind.lake_value(name), Ident(in_lake)))
    }
}

/// A SELECT of the batches' rows in lake types; `None` when there are no batches of this kind.
///
/// Rows whose key was rejected have no place in the lake table: only `_pg2duck.rejects` tells of them.
pub(super) fn rows(archive: &Path, batches: &[&Batch], kind: BatchKind, columns: &Columns<'_>) -> Option<Sql> {
    let only_keys = matches!(kind, BatchKind::Deletes | BatchKind::Present);
    let columns_of_kind = Columns {
        columns: columns
            .columns
            .iter()
            .copied()
            .filter(|(name, ..)| !only_keys || columns.key.contains(name))
            .collect(),
        key: columns.key.clone(),
    };
    let ours = if kind == BatchKind::Versions { version_columns().to_vec() } else { Vec::new() };
    let ours = ours.iter().map(|column| sql!("{} AS {}", column.kind.lake_value(&column.name), Ident(&column.name)));
    let values = Sql::join(columns_of_kind.values().chain(ours), ", ");
    let missing: Vec<Sql> = columns.key.iter().map(|column| sql!("{} IS NULL", Ident(column))).collect();
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
        .filter_map(|(files, filter)| Some(sql!("SELECT {} FROM {}{}", values, files?, filter)))
        .collect();
    (!selects.is_empty()).then(|| Sql::join(selects, " UNION ALL "))
}

/// The same of a change set's rows of this kind.
pub(super) fn of(archive: &Path, set: &ChangeSet, kind: BatchKind) -> Option<Sql> {
    rows(archive, &set.of_kind(kind).collect::<Vec<_>>(), kind, &Columns::of(&set.schema))
}

/// Of a bootstrap's rows with one of these keys, each key's last: chunks are read one after the other, and within one a key
/// occurs once.
pub(super) fn last_of(archive: &Path, set: &ChangeSet, keys: &Sql) -> Sql {
    let files = files(archive, set.of_kind(BatchKind::Bootstrap));
    let key = Sql::names(set.schema.key.iter().map(String::as_str));
    sql!(
        "SELECT * EXCLUDE (_pg2duck_place) FROM (SELECT {values}, list_position([{files}], _pg2duck_file) AS _pg2duck_place \
           FROM read_parquet([{files}], hive_partitioning = false, union_by_name = true, filename = '_pg2duck_file')) AS copied \
         SEMI JOIN {keys} AS wanted USING ({key}) \
         QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY _pg2duck_place DESC) = 1",
        values = Sql::join(Columns::of(&set.schema).values(), ", "),
        files = files,
        keys = keys,
        key = key
    )
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
