//! The first full copy of a table, in chunks of heap pages: each chunk is a short transaction of its own and durable when
//! it ends, so that a killed bootstrap goes on where it was. What is durable is loaded into the lake while the next chunks
//! are read.
//!
//! The fence is that of the first chunk's snapshot: whatever changes while the copy runs is read again by the changes that
//! the same cycle extracts afterwards, under the snapshot that all tables share.

use super::chunk::{Chunk, Outcome};
use super::discover::Target;
use super::loading::Loader;
use super::progress::Progress;
use super::{Engine, Report, cleanup};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::extract::fence::Fence;
use crate::extract::{Connection, Relation, catalog};
use crate::frame::parquet::{Batch, BatchKind};
use crate::frame::writer::Destination;
use crate::lake::staging::Copy;
use crate::state::{BootstrapProgress, Layout};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

/// A table that keeps being rewritten under us is given up for this cycle.
const MOST_RESTARTS: usize = 3;
/// TID range scans came with Postgres 14; before, every chunk would scan the whole table.
const TID_RANGE_SCANS: i32 = 140_000;

impl Engine {
    /// Copies every target that has no cursor yet. What fails is in the report; the others go on.
    pub(super) async fn bootstrap(&mut self, cycle: &str, targets: &[Target], report: &mut Report) -> Result<()> {
        let loader = Loader::start(Arc::clone(&self.config), std::mem::take(&mut self.duckdb), self.shutdown.clone());
        let copied = self.copy_tables(cycle, targets, &loader, report).await;
        self.duckdb = loader.finish().await;
        // Their connections are not needed until a table is copied again.
        self.workers.clear();
        copied
    }

    async fn copy_tables(
        &mut self,
        cycle: &str,
        targets: &[Target],
        loader: &Loader,
        report: &mut Report,
    ) -> Result<()> {
        for target in targets {
            self.check_shutdown()?;
            // Read at every cycle, together with the changes of the others.
            if target.is_read_in_full() {
                continue;
            }
            let table = self.state.table(target.name())?;
            let moved = table.lake.as_ref().is_some_and(|lake| *lake != target.lake);
            if moved && table.cursor.is_some() {
                self.copy_afresh(target.name(), "its name in the lake changed")?;
            } else if table.cursor.is_some() || self.state.last_pending(target.name())?.is_some() {
                continue;
            }
            match self.copy_table(cycle, target, loader).await {
                Err(error) if error.kind() == Kind::Table => self.fail(target.name(), error, report)?,
                other => other?,
            }
        }
        Ok(())
    }

    /// Copies one table, from where an earlier start left off.
    async fn copy_table(&mut self, cycle: &str, target: &Target, loader: &Loader) -> Result<()> {
        let name = target.name();
        let (_, rows) = catalog::size(self.source()?, target.selected.oid).await?;
        let mut table = self.state.table(name)?;
        let begun = table.bootstrap.as_ref().map_or(0, |progress| progress.rows);
        if table.since.is_none() {
            // Known from here on, so that whatever a crash leaves of it is recognised.
            cleanup::discard_unfinished(&self.config, name);
            table.since = Some(cycle.to_owned());
            self.state.save_table(name, &table)?;
        }
        let bar = Arc::new(Mutex::new(Progress::start(name, begun, rows)));
        for _ in 0..MOST_RESTARTS {
            if self.read_chunks(cycle, target, &bar, loader).await?.is_continue() {
                return Ok(());
            }
            tracing::warn!(table = %name, "the source rewrote the table while it was copied: starting over");
            self.copy_afresh(name, "the source rewrote it while it was copied")?;
        }
        Err(Error::table(format!("copy {name}: the source keeps rewriting it; the next cycle tries again")))
    }

    /// Reads chunk after chunk, and has what is durable loaded meanwhile. Breaks when the table is not the one that was begun.
    async fn read_chunks(
        &mut self,
        cycle: &str,
        target: &Target,
        bar: &Arc<Mutex<Progress>>,
        loader: &Loader,
    ) -> Result<ControlFlow<()>> {
        while let Some(wave) = self.next_wave(cycle, target, bar).await? {
            self.check_shutdown()?;
            if self.read_wave(cycle, target, wave).await?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if let Some(copy) = self.copy_so_far(target)? {
                loader.offer(copy);
            }
        }
        bar.lock().unwrap_or_else(PoisonError::into_inner).finish();
        if let Some(copy) = self.copy_so_far(target)? {
            loader.complete(copy);
        }
        Ok(ControlFlow::Continue(()))
    }

    fn copy_so_far(&mut self, target: &Target) -> Result<Option<Copy>> {
        let progress = self.state.table(target.name())?.bootstrap;
        Ok(progress.map(|BootstrapProgress { layout, batches, rewritten, .. }| Copy {
            source: target.name().clone(),
            lake: target.lake.clone(),
            layout,
            batches,
            rewritten,
        }))
    }

    /// The chunks to read next, at the same time; `None` when all are read. The first chunk goes alone: it sets the fence.
    async fn next_wave(
        &mut self,
        cycle: &str,
        target: &Target,
        bar: &Arc<Mutex<Progress>>,
    ) -> Result<Option<Vec<Chunk>>> {
        let progress = self.state.table(target.name())?.bootstrap;
        let (begun, cycle) = match &progress {
            Some(BootstrapProgress { next_page: None, .. }) => return Ok(None),
            Some(progress) => (Some((progress.layout.clone(), progress.fence.clone())), progress.cycle.as_str()),
            None => (None, cycle),
        };
        let (pages, _) = catalog::size(self.source()?, target.selected.oid).await?;
        let ranges = self.source()?.server_version >= TID_RANGE_SCANS;
        let workers = if begun.is_some() { self.config.bootstrap_workers } else { 1 };
        let mut first_page = progress.as_ref().and_then(|progress| progress.next_page).unwrap_or(0);
        let mut wave = Vec::new();
        while wave.len() < workers {
            let end = first_page + self.config.chunk_pages;
            let end_page = (ranges && end < pages).then_some(end);
            wave.push(Chunk {
                config: Arc::clone(&self.config),
                target: target.clone(),
                shutdown: self.shutdown.clone(),
                horizon: self.state.source()?.horizon,
                cycle: cycle.to_owned(),
                begun: begun.clone(),
                first_page,
                end_page,
                bar: Arc::clone(bar),
            });
            let Some(end) = end_page else { break };
            first_page = end;
        }
        Ok(Some(wave))
    }

    /// Reads chunks at the same time, each on a connection of its own, and notes them in order. Breaks when the table is
    /// not the one that was begun.
    async fn read_wave(&mut self, cycle: &str, target: &Target, wave: Vec<Chunk>) -> Result<ControlFlow<()>> {
        while self.workers.len() + 1 < wave.len() {
            self.workers.push(Connection::open(&self.config).await?);
        }
        let mut readers = Vec::new();
        for chunk in wave {
            let source = match self.source.take() {
                Some(source) => source,
                None => {
                    self.workers.pop().ok_or_else(|| Error::new(Kind::Source, "a worker's connection is closed"))?
                }
            };
            let end_page = chunk.end_page;
            let runtime = Handle::current();
            // A thread each: decoding is work for a core, not for the socket's event loop.
            readers.push((end_page, spawn_blocking(move || runtime.block_on(chunk.run(source)))));
        }
        let mut stop = Ok(ControlFlow::Continue(()));
        for (end_page, reader) in readers {
            let (source, outcome) =
                reader.await.map_err(|error| Error::new(Kind::Source, format!("read a chunk: {error}")))?;
            match (&self.source, source) {
                (None, Some(source)) => self.source = Some(source),
                (_, source) => self.workers.extend(source),
            }
            // Chunks count in order: one after a failed one is read again.
            match (outcome, &stop) {
                (Ok(Outcome::Read { layout, fence, snapshot, batches, rewritten }), Ok(ControlFlow::Continue(()))) => {
                    let read = Read { layout, fence, snapshot, batches, rewritten, end_page };
                    self.note_chunk(cycle, target, read)?;
                }
                (Ok(Outcome::Read { batches, .. }), _) => cleanup::discard(&self.config, &batches),
                (Ok(Outcome::Stale), Ok(_)) => stop = Ok(ControlFlow::Break(())),
                (Err(error), Ok(_)) => stop = Err(error),
                (_, Err(_)) => {}
            }
        }
        stop
    }

    fn note_chunk(&mut self, cycle: &str, target: &Target, read: Read) -> Result<()> {
        let mut table = self.state.table(target.name())?;
        let progress = table.bootstrap.get_or_insert_with(|| BootstrapProgress {
            cycle: cycle.to_owned(),
            layout: read.layout,
            fence: read.fence,
            snapshot: read.snapshot,
            next_page: Some(0),
            rewritten: false,
            batches: Vec::new(),
            rows: 0,
            audit: target.fingerprint(),
        });
        progress.rewritten |= read.rewritten;
        progress.rows += read.batches.iter().map(|batch| batch.rows).sum::<u64>();
        progress.batches.extend(read.batches);
        progress.next_page = read.end_page;
        self.state.save_table(target.name(), &table)
    }

    /// Where the batches of one COPY go.
    pub(super) fn destination(config: &Config, relation: &Relation, kind: BatchKind, prefix: String) -> Destination {
        Destination {
            archive: config.parquet_dir.clone(),
            table: relation.name.clone(),
            prefix,
            kind,
            columns: relation.frame_columns(),
            key: relation.key.clone(),
            batch_size: config.batch_size,
            rejects: relation.rejects,
        }
    }
}

/// One chunk that is durable.
struct Read {
    layout: Layout,
    fence: Fence,
    snapshot: String,
    batches: Vec<Batch>,
    rewritten: bool,
    end_page: Option<u64>,
}
