//! Writes frames as Parquet batches on a thread of its own, while the next rows arrive.

use super::Column;
use super::parquet::{self, Batch, BatchKind, BatchMetadata};
use crate::error::{Error, Kind, Result};
use crate::names::TableName;
use polars::prelude::DataFrame;
use std::ops::ControlFlow;
use std::path::PathBuf;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Where a table's batches of one cycle go.
#[derive(Debug, Clone)]
pub struct Destination {
    /// `PARQUET_DIR`.
    pub archive: PathBuf,
    pub table: TableName,
    pub cycle: String,
    pub kind: BatchKind,
    pub columns: Vec<Column>,
    pub key: Vec<String>,
}

/// Takes frames in order. At most one waits while another is written, so memory stays at about three frames.
pub struct BatchWriter {
    frames: mpsc::Sender<DataFrame>,
    worker: JoinHandle<Result<Vec<Batch>>>,
}

impl BatchWriter {
    /// A writer whose files are numbered from `first`.
    pub fn start(destination: Destination, first: u64) -> Self {
        let (frames, queue) = mpsc::channel(1);
        let worker = tokio::task::spawn_blocking(move || write_all(&destination, first, queue));
        Self { frames, worker }
    }

    /// Hands over a frame; breaks once a write has failed, which [`Self::finish`] then reports.
    pub async fn write(&self, frame: DataFrame) -> ControlFlow<()> {
        match self.frames.send(frame).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Waits until all frames are durable.
    ///
    /// # Errors
    /// The first write that failed; files written before it remain and are the caller's to remove or keep.
    pub async fn finish(self) -> Result<Vec<Batch>> {
        drop(self.frames);
        self.worker.await.unwrap_or_else(|error| Err(Error::new(Kind::Disk, format!("write parquet: {error}"))))
    }
}

fn write_all(destination: &Destination, first: u64, mut queue: mpsc::Receiver<DataFrame>) -> Result<Vec<Batch>> {
    let folder = PathBuf::from(destination.table.folder());
    let metadata = BatchMetadata {
        table: destination.table.clone(),
        columns: destination.columns.clone(),
        key: destination.key.clone(),
        kind: destination.kind,
    };
    let mut batches = Vec::new();
    while let Some(mut frame) = queue.blocking_recv() {
        if batches.is_empty() {
            let path = destination.archive.join(&folder);
            std::fs::create_dir_all(&path).map_err(|error| {
                Error::new(Kind::Disk, format!("create {}: {error}; PARQUET_DIR must be writable", path.display()))
            })?;
        }
        let number = first + batches.len() as u64;
        let path = folder.join(parquet::file_name(&destination.cycle, destination.kind, number));
        batches.push(parquet::write(&mut frame, &destination.archive, path, &metadata)?);
    }
    Ok(batches)
}
