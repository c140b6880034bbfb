//! Where the batches of one COPY go.

use crate::config::Config;
use crate::model::{BatchKind, Column};
use crate::parquet::ParquetSink;
use crate::parquet::write::FileNames;
use crate::source::Relation;

/// Files of this relation, with these names.
pub fn sink(
    config: &Config,
    relation: &Relation,
    kind: BatchKind,
    columns: Vec<Column>,
    names: FileNames,
) -> ParquetSink {
    ParquetSink {
        archive: config.parquet_dir.clone(),
        table: relation.name.clone(),
        names,
        kind,
        columns,
        key: relation.schema.key.clone(),
        batch_size: config.batch_size,
        rejects: relation.rejects,
    }
}
