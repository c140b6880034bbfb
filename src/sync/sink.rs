//! Where the batches of one COPY go.

use crate::config::Config;
use crate::model::{BatchKind, Column};
use crate::parquet::ParquetSink;
use crate::source::Relation;

/// Files of this relation whose names begin with `prefix`.
pub fn sink(
    config: &Config,
    relation: &Relation,
    kind: BatchKind,
    columns: Vec<Column>,
    prefix: String,
) -> ParquetSink {
    ParquetSink {
        archive: config.parquet_dir.clone(),
        table: relation.name.clone(),
        prefix,
        kind,
        columns,
        key: relation.schema.key.clone(),
        batch_size: config.batch_size,
        rejects: relation.rejects,
    }
}
