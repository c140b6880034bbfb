//! Loads bootstraps into the lake while they are still being read: their durable files, on a thread of its own. A lake that
//! another process holds is no reason to wait: what is not loaded now is loaded when the copy is applied.

use super::Shutdown;
use super::lake::LakeHandle;
use crate::config::Config;
use crate::error::{Kind, Result};
use crate::lake::staging::{BootstrapLoad, Part};
use crate::model::Batch;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_blocking};

/// Rows in one of DuckDB's row groups.
const ROW_GROUP: u64 = 122_880;
/// Row groups of one load at most: it must not keep a reader, or a signal, waiting.
const MOST_AT_ONCE: u64 = 4;
/// Columns of the small tables that are loaded together. A table costs a transaction some memory for each of its columns:
/// 500 tables of 4 columns in one took 585 MB.
const COLUMNS_AT_ONCE: usize = 200;

/// A bootstrap, as far as it was read.
struct Offer {
    load: BootstrapLoad,
    complete: bool,
}

/// The thread that loads, as long as tables are bootstrapped.
pub struct Loader {
    offers: Sender<Offer>,
    thread: JoinHandle<()>,
}

impl Loader {
    pub fn start(config: Arc<Config>, lake: LakeHandle, shutdown: Shutdown) -> Self {
        let (offers, queue) = mpsc::channel();
        let (held, small) = (HashMap::new(), Vec::new());
        let worker = Worker { config, lake, held, small, refused: false, shutdown };
        Self { offers, thread: spawn_blocking(move || worker.work(&queue)) }
    }

    /// Has loaded what was read so far, if it is worth it: at once, or after what is being loaded.
    pub fn offer(&self, copy: BootstrapLoad) {
        self.send(Offer { load: copy, complete: false });
    }

    /// The same for a copy that was read completely: a small one is loaded together with others.
    pub fn complete(&self, copy: BootstrapLoad) {
        self.send(Offer { load: copy, complete: true });
    }

    fn send(&self, offer: Offer) {
        // Without the thread, everything is loaded when it is applied.
        let _ = self.offers.send(offer);
    }

    /// Waits until everything is loaded.
    pub async fn finish(self) {
        drop(self.offers);
        if let Err(error) = self.thread.await {
            // What is not loaded now is loaded when it is applied.
            tracing::debug!("load ahead: {error}");
        }
    }
}

struct Worker {
    config: Arc<Config>,
    lake: LakeHandle,
    /// Files that the lake holds of a large copy, by the first of them.
    held: HashMap<PathBuf, usize>,
    /// Small copies that were read completely.
    small: Vec<Part>,
    /// The lake refused something: applying will say why.
    refused: bool,
    shutdown: Shutdown,
}

impl Worker {
    fn work(mut self, queue: &Receiver<Offer>) {
        while let Ok(first) = queue.recv() {
            let mut offers = vec![first];
            for offer in queue.try_iter() {
                // More of the same copy.
                offers.retain(|earlier| earlier.load.source != offer.load.source);
                offers.push(offer);
            }
            offers.into_iter().for_each(|offer| self.take(offer));
        }
    }

    fn take(&mut self, Offer { load: copy, complete }: Offer) {
        let Some(first) = copy.batches.first().map(|batch| batch.path.clone()) else { return };
        if complete && worth_loading(&copy.batches) == 0 {
            self.small.push(Part { files: copy.batches.len(), load: copy, last: true });
            if self.small.iter().map(|part| part.load.schema.columns.len()).sum::<usize>() >= COLUMNS_AT_ONCE {
                let parts = std::mem::take(&mut self.small);
                self.load(&parts);
            }
            return;
        }
        let mut held = self.held.get(&first).copied().unwrap_or(0);
        let mut part = Part { load: copy, files: 0, last: false };
        loop {
            part.files = held + worth_loading(part.load.batches.get(held..).unwrap_or(&[]));
            if part.files == held || !self.load(std::slice::from_ref(&part)) {
                break;
            }
            held = part.files;
        }
        self.held.insert(first, held);
    }

    /// One load; whether it succeeded. The file is closed after it: DuckDB gives back memory only then.
    fn load(&mut self, parts: &[Part]) -> bool {
        if self.refused || self.shutdown.is_requested() {
            return false;
        }
        let mut loaded = self.attempt(parts, false);
        if loaded.as_ref().is_err_and(|error| error.kind() == Kind::Memory) {
            loaded = self.attempt(parts, true);
        }
        if let Err(error) = &loaded {
            tracing::debug!("load ahead: {error}");
            self.refused = error.kind() != Kind::LakeBusy;
        }
        loaded.is_ok()
    }

    fn attempt(&self, parts: &[Part], full_memory: bool) -> Result<()> {
        let lake = self.lake.open(&self.config, Duration::ZERO, &self.shutdown)?;
        if full_memory {
            lake.use_full_memory();
        }
        let loaded = lake.load_ahead(&self.config.parquet_dir, parts);
        drop(lake);
        if loaded.is_err() {
            self.lake.restart();
        }
        loaded
    }
}

/// How many of these files to load now. A load leaves its last row group as full as it is, and DuckDB would later merge, which
/// is to write again, those that are less than half full (measured: loads of 130,000 rows cost twice the time of 220,000).
fn worth_loading(batches: &[Batch]) -> usize {
    let (mut rows, mut files) = (0, 0);
    for (at, batch) in batches.iter().enumerate() {
        rows += batch.rows;
        if rows % ROW_GROUP > ROW_GROUP / 2 {
            files = at + 1;
        }
        if files > 0 && rows >= MOST_AT_ONCE * ROW_GROUP {
            break;
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BatchKind;

    #[test]
    fn loads_fill_their_last_row_group_more_than_half() {
        let batch =
            Batch { path: "a".into(), kind: BatchKind::Bootstrap, rows: 10_000, bytes: 1, rejects: 0, checksum: None };
        for (waiting, loaded) in [(0, 0), (6, 0), (7, 7), (12, 12), (13, 12), (18, 12), (19, 19), (25, 24), (100, 49)] {
            assert_eq!(worth_loading(&vec![batch.clone(); waiting]), loaded, "{waiting} files");
        }
    }
}
