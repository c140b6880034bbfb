//! Durable Parquet batches: written beside their final name, synced, renamed, and the folder synced.
//!
//! Every file says in its metadata (`pg2duck`) which table, columns and key it holds, so that an archive can be read
//! without us. Names sort in the order in which batches apply: cycle id, then kind, then number.

use crate::decode::Frame;
use crate::error::{Error, Kind, Result};
use crate::model::{Batch, BatchKind, Column, TableName};
use polars::prelude::{DataFrame, KeyValueMetadata, ParquetCompression, ParquetWriter, StatisticsOptions};
use polars_parquet::write::ZstdLevel;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// What a file says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BatchMetadata {
    pub table: TableName,
    pub columns: Vec<Column>,
    pub key: Vec<String>,
    pub kind: BatchKind,
}

/// What the names of one COPY's files begin with: `<cycle>-<kind>`, for a bootstrap the first heap page of its chunk as well.
pub fn prefix(cycle: &str, kind: BatchKind, first_page: Option<u64>) -> String {
    let chunk = first_page.map(|page| format!("-{page:010}")).unwrap_or_default();
    format!("{cycle}-{}{chunk}", kind.name())
}

/// `<prefix>-<number>.parquet`.
pub fn file_name(prefix: &str, number: u64) -> String {
    format!("{prefix}-{number:08}.parquet")
}

/// Against level 3, the default: 0.73 times the time, 0.94 times the size; against lz4 0.8 times the time and half the size
/// (`bench/parquet_codec.py`, 13 columns).
const ZSTD_LEVEL: i32 = 1;

/// The suffix of files that are still being written.
pub const UNFINISHED: &str = "tmp";

/// Writes the frame to `path` under `root`, durable when this returns.
///
/// # Errors
/// The disk; nothing stands at `path` then.
pub fn write(frame: &mut Frame, root: &Path, path: PathBuf, metadata: &BatchMetadata) -> Result<Batch> {
    let (rows, rejects) = (frame.rows.height() as u64, frame.rejects);
    let target = root.join(&path);
    let unfinished = target.with_extension(format!("parquet.{UNFINISHED}"));
    let bytes = write_file(&mut frame.rows, &unfinished, metadata).and_then(|bytes| {
        std::fs::rename(&unfinished, &target)?;
        sync_folder(&target)?;
        Ok(bytes)
    });
    match bytes {
        Ok(bytes) => Ok(Batch { path, kind: metadata.kind, rows, bytes, rejects }),
        Err(error) => {
            // Best effort: the next start removes what is left.
            let _ = std::fs::remove_file(&unfinished);
            Err(Error::new(
                Kind::Disk,
                format!("write {}: {error}; check free space and the permissions of PARQUET_DIR", target.display()),
            ))
        }
    }
}

fn write_file(frame: &mut DataFrame, path: &Path, metadata: &BatchMetadata) -> std::io::Result<u64> {
    let mut file = BufWriter::new(File::create(path)?);
    let described = serde_json::to_string(metadata)?;
    let level = ZstdLevel::try_new(ZSTD_LEVEL).map_err(std::io::Error::other)?;
    let bytes = ParquetWriter::new(&mut file)
        .with_compression(ParquetCompression::Zstd(Some(level)))
        .with_statistics(StatisticsOptions::default())
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(vec![("pg2duck".into(), described)])))
        .with_row_group_size(Some(frame.height().max(1)))
        .set_parallel(false)
        .finish(frame)
        .map_err(std::io::Error::other)?;
    file.flush()?;
    file.get_ref().sync_all()?;
    Ok(bytes)
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_in_the_order_of_applying() {
        let cycles = ["20261121T044355000000Z", "20261121T044356000000Z"];
        let mut names = Vec::new();
        for cycle in cycles {
            let chunks = [0, 8192, 4_294_967_295].map(|page| prefix(cycle, BatchKind::Bootstrap, Some(page)));
            for prefix in chunks.into_iter().chain([prefix(cycle, BatchKind::Changes, None)]) {
                names.extend([1, 2, 10, 12_345_678].map(|number| file_name(&prefix, number)));
            }
        }
        assert!(names.is_sorted(), "{names:?}");
    }
}
