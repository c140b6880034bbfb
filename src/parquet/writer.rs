//! Writes frames as Parquet batches on a thread of its own, while the next rows arrive.

use super::write::{self, BatchMetadata, FileNames};
use crate::decode::Frame;
use crate::error::{Error, Kind, Result};
use crate::model::{Batch, BatchKind, Column, RejectPolicy, TableName};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Where the batches of one COPY go.
#[derive(Debug, Clone)]
pub struct ParquetSink {
    /// `PARQUET_DIR`.
    pub archive: PathBuf,
    pub table: TableName,
    pub names: FileNames,
    pub kind: BatchKind,
    pub columns: Vec<Column>,
    pub key: Vec<String>,
    /// Rows per file.
    pub batch_size: usize,
    pub rejects: RejectPolicy,
}

/// Takes frames in order. At most one waits while another is written, so memory stays at about three frames.
pub struct BatchWriter {
    archive: PathBuf,
    frames: mpsc::Sender<Frame>,
    worker: JoinHandle<Result<Vec<Batch>>>,
}

impl BatchWriter {
    /// A writer for this sink.
    pub fn start(sink: ParquetSink) -> Self {
        let (frames, queue) = mpsc::channel(1);
        let archive = sink.archive.clone();
        let worker = tokio::task::spawn_blocking(move || write_all(&sink, queue));
        Self { archive, frames, worker }
    }

    /// Hands over a frame; breaks once a write has failed, which [`Self::finish`] then reports.
    pub async fn write(&self, frame: Frame) -> ControlFlow<()> {
        match self.frames.send(frame).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Waits until all frames are durable.
    ///
    /// # Errors
    /// The first write that failed; no batch remains then.
    pub async fn finish(self) -> Result<Vec<Batch>> {
        drop(self.frames);
        self.worker.await.unwrap_or_else(|error| Err(Error::new(Kind::Disk, format!("write parquet: {error}"))))
    }

    /// Removes what was written.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub async fn abandon(self) -> Result<()> {
        let archive = self.archive.clone();
        let batches = self.finish().await?;
        remove(&archive, &batches);
        Ok(())
    }
}

fn write_all(sink: &ParquetSink, mut queue: mpsc::Receiver<Frame>) -> Result<Vec<Batch>> {
    let folder = PathBuf::from(sink.table.folder());
    let metadata = BatchMetadata {
        table: sink.table.clone(),
        columns: sink.columns.clone(),
        key: sink.key.clone(),
        kind: sink.kind,
    };
    let mut batches = Vec::new();
    while let Some(mut frame) = queue.blocking_recv() {
        let path = folder.join(sink.names.number(batches.len() as u64 + 1));
        let written = create_folder(&sink.archive.join(&folder))
            .and_then(|()| write::write(&mut frame, &sink.archive, path, &metadata));
        match written {
            Ok(batch) => batches.push(batch),
            Err(error) => {
                remove(&sink.archive, &batches);
                return Err(error);
            }
        }
    }
    Ok(batches)
}

fn create_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|error| {
        Error::new(Kind::Disk, format!("create {}: {error}; PARQUET_DIR must be writable", path.display()))
    })
}

/// Best effort: the next start removes what is left.
fn remove(archive: &Path, batches: &[Batch]) {
    for batch in batches {
        let _ = std::fs::remove_file(archive.join(&batch.path));
    }
}
