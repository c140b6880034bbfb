//! Durable Parquet batches: written beside their final name, synced, renamed, and the folder synced.
//!
//! Every file says in its metadata (`pg2duck`) which table, columns and key it holds, so that an archive can be read
//! without us. Names sort in the order in which batches apply: cycle id, then kind, then number. Each bears the mark of the state
//! folder that knows it, since several may share a PARQUET_DIR.

use super::check::{Sum, Summing};
use crate::decode::Frame;
use crate::error::{Error, Kind, Result};
use crate::model::batch::OWNER;
use crate::model::{Batch, BatchKind, Column, TableName};
use polars::prelude::{DataFrame, KeyValueMetadata, ParquetCompression, ParquetWriter, StatisticsOptions};
use polars_parquet::write::ZstdLevel;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// What a file says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BatchMetadata {
    pub table: TableName,
    pub columns: Vec<Column>,
    pub key: Vec<String>,
    pub kind: BatchKind,
}

/// The names of one COPY's files.
#[derive(Debug, Clone)]
pub struct FileNames {
    prefix: String,
    owner: String,
}

impl FileNames {
    /// They begin with `<cycle>-<kind>`, for a bootstrap the first heap page of its chunk as well.
    pub fn new(cycle: &str, kind: BatchKind, first_page: Option<u64>, owner: &str) -> Self {
        let chunk = first_page.map(|page| format!("-{page:010}")).unwrap_or_default();
        Self { prefix: format!("{cycle}-{}{chunk}", kind.name()), owner: owner.to_owned() }
    }

    /// `<prefix>-<owner>-<number>.parquet`.
    pub fn number(&self, number: u64) -> String {
        format!("{}-{}-{number:08}.parquet", self.prefix, self.owner)
    }
}

/// What a file's name tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'a> {
    pub cycle: &'a str,
    /// `None` for what a version before such marks wrote.
    pub owner: Option<&'a str>,
    /// It was being written.
    pub unfinished: bool,
}

impl<'a> Named<'a> {
    /// `None` for a name that is not one of ours.
    pub fn parse(name: &'a str) -> Option<Self> {
        let (name, end) = name.split_once('.')?;
        let unfinished = end == format!("parquet.{UNFINISHED}");
        let (cycle, rest) = name.split_once('-')?;
        let mark = rest.rsplit('-').nth(1)?;
        let is_ours = cycle.ends_with('Z') && (unfinished || end == "parquet");
        is_ours.then_some(Self { cycle, owner: (mark.len() == OWNER).then_some(mark), unfinished })
    }
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
    let written = write_file(&mut frame.rows, &unfinished, metadata).and_then(|sum| {
        std::fs::rename(&unfinished, &target)?;
        sync_folder(&target)?;
        Ok(sum)
    });
    match written {
        Ok(Sum { bytes, checksum }) => {
            Ok(Batch { path, kind: metadata.kind, rows, bytes, rejects, checksum: Some(checksum) })
        }
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

fn write_file(frame: &mut DataFrame, path: &Path, metadata: &BatchMetadata) -> std::io::Result<Sum> {
    let mut file = BufWriter::new(Summing::new(File::create(path)?));
    let described = serde_json::to_string(metadata)?;
    let level = ZstdLevel::try_new(ZSTD_LEVEL).map_err(std::io::Error::other)?;
    ParquetWriter::new(&mut file)
        .with_compression(ParquetCompression::Zstd(Some(level)))
        .with_statistics(StatisticsOptions::default())
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(vec![("pg2duck".into(), described)])))
        .with_row_group_size(Some(frame.height().max(1)))
        .set_parallel(false)
        .finish(frame)
        .map_err(std::io::Error::other)?;
    let file = file.into_inner()?;
    file.inner.sync_all()?;
    Ok(file.sum())
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
            let of = |kind, page| FileNames::new(cycle, kind, page, "0123456789ab");
            let chunks = [0, 8192, 4_294_967_295].map(|page| of(BatchKind::Bootstrap, Some(page)));
            for of_copy in chunks.into_iter().chain([of(BatchKind::Changes, None)]) {
                names.extend([1, 2, 10, 12_345_678].map(|number| of_copy.number(number)));
            }
        }
        assert!(names.is_sorted(), "{names:?}");
    }

    #[test]
    fn a_name_tells_whose_file_it_is() {
        let (cycle, owner) = ("20261121T044355000000Z", crate::model::batch::new_owner());
        let name = FileNames::new(cycle, BatchKind::Bootstrap, Some(7), &owner).number(1);
        let named = Named { cycle, owner: Some(owner.as_str()), unfinished: false };
        assert_eq!(Named::parse(&name), Some(named));
        assert_eq!(Named::parse(&format!("{name}.tmp")), Some(Named { unfinished: true, ..named }));
        for before in ["changes-12345678", "bootstrap-4294967295-00000001"] {
            let name = format!("{cycle}-{before}.parquet");
            assert_eq!(Named::parse(&name), Some(Named { owner: None, ..named }), "{name}");
        }
        for other in ["notes.txt", "20261121T044355000000Z-changes-00000001.csv", "x-changes-00000001.parquet", ".tmp"]
        {
            assert_eq!(Named::parse(other), None, "{other}");
        }
    }
}
