//! Loads first copies into the lake while they are still being read: their durable files, on a thread of its own. A lake that
//! another process holds is no reason to wait: what is not loaded now is loaded when the copy is applied.

use crate::config::Config;
use crate::error::{Kind, Result};
use crate::frame::parquet::Batch;
use crate::lake::DuckDb;
use crate::lake::staging::{Copy, Part};
use crate::names::TableName;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_blocking};

/// Rows in one of DuckDB's row groups.
const ROW_GROUP: u64 = 122_880;
/// Columns of the small tables that are loaded together. A table costs a transaction some memory for each of its columns:
/// 500 tables of 4 columns in one took 585 MB.
const COLUMNS_AT_ONCE: usize = 200;

/// Owns the process's DuckDB while tables are copied.
pub struct Loader {
    config: Arc<Config>,
    stage: Stage,
    /// Files that the lake holds of a large copy.
    held: HashMap<TableName, usize>,
    /// Small copies that were read completely.
    small: Vec<Part>,
}

enum Stage {
    Idle(DuckDb),
    Loading(JoinHandle<(DuckDb, Result<Vec<Part>>)>),
    /// The lake refused: applying the copies will say why.
    Refused(DuckDb),
}

impl Loader {
    pub fn new(config: Arc<Config>, duckdb: DuckDb) -> Self {
        Self { config, stage: Stage::Idle(duckdb), held: HashMap::new(), small: Vec::new() }
    }

    /// Begins to load what was read so far, if it is worth it and nothing is being loaded already.
    pub async fn offer(&mut self, copy: Copy) {
        if matches!(&self.stage, Stage::Loading(loading) if loading.is_finished()) {
            self.wait().await;
        }
        let held = self.held.get(&copy.source).copied().unwrap_or_default();
        let files = held + worth_loading(copy.batches.get(held..).unwrap_or_default());
        if files > held {
            self.load(vec![Part { copy, files, last: false }]);
        }
    }

    /// Takes a copy that was read completely: what is left of a large one is loaded now, a small one together with others.
    pub async fn complete(&mut self, copy: Copy) {
        if worth_loading(&copy.batches) > 0 {
            self.wait().await;
            return self.offer(copy).await;
        }
        if copy.batches.is_empty() {
            return;
        }
        self.small.push(Part { files: copy.batches.len(), copy, last: true });
        if self.small.iter().map(|part| part.copy.layout.columns.len()).sum::<usize>() >= COLUMNS_AT_ONCE {
            self.wait().await;
            let parts = std::mem::take(&mut self.small);
            self.load(parts);
        }
    }

    /// The copy of this table begins again.
    pub fn forget(&mut self, source: &TableName) {
        self.held.remove(source);
    }

    fn load(&mut self, parts: Vec<Part>) {
        let stage = std::mem::replace(&mut self.stage, Stage::Refused(DuckDb::default()));
        self.stage = match stage {
            Stage::Idle(duckdb) => {
                let config = Arc::clone(&self.config);
                Stage::Loading(spawn_blocking(move || load(duckdb, &config, parts)))
            }
            busy => busy,
        };
    }

    /// Waits for what is being loaded.
    async fn wait(&mut self) {
        let stage = std::mem::replace(&mut self.stage, Stage::Refused(DuckDb::default()));
        self.stage = match stage {
            Stage::Loading(loading) => match loading.await {
                Ok((duckdb, Ok(loaded))) => {
                    self.held.extend(loaded.into_iter().map(|part| (part.copy.source, part.files)));
                    Stage::Idle(duckdb)
                }
                Ok((duckdb, Err(error))) if error.kind() == Kind::LakeBusy => Stage::Idle(duckdb),
                Ok((duckdb, Err(error))) => {
                    tracing::debug!("load ahead: {error}");
                    Stage::Refused(duckdb)
                }
                Err(_) => Stage::Refused(DuckDb::default()),
            },
            done => done,
        };
    }

    /// Ends the work and gives DuckDB back.
    pub async fn finish(mut self) -> DuckDb {
        self.wait().await;
        match self.stage {
            Stage::Idle(duckdb) | Stage::Refused(duckdb) => duckdb,
            Stage::Loading(_) => DuckDb::default(),
        }
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
    }
    files
}

/// One load. The file is closed after it: DuckDB gives back memory only then.
fn load(mut duckdb: DuckDb, config: &Config, parts: Vec<Part>) -> (DuckDb, Result<Vec<Part>>) {
    let lake = duckdb.open(config, Duration::ZERO);
    (duckdb, lake.and_then(|lake| lake.load_ahead(&config.parquet_dir, &parts)).map(|()| parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::parquet::BatchKind;

    #[test]
    fn loads_fill_their_last_row_group_more_than_half() {
        let batch = Batch { path: "a".into(), kind: BatchKind::Bootstrap, rows: 10_000, bytes: 1, rejects: 0 };
        for (waiting, loaded) in [(0, 0), (6, 0), (7, 7), (12, 12), (13, 12), (18, 12), (19, 19), (25, 24)] {
            assert_eq!(worth_loading(&vec![batch.clone(); waiting]), loaded, "{waiting} files");
        }
    }
}
