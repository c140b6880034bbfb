//! The first full copy of a table, in chunks of heap pages: each chunk is a short transaction of its own and durable when
//! it ends, so that a killed bootstrap goes on where it was.
//!
//! The fence is that of the first chunk's snapshot: whatever changes while the copy runs is read again by the changes that
//! the same cycle extracts afterwards, under the snapshot that all tables share.

use super::discover::Target;
use super::progress::Progress;
use super::{Engine, Report, Shutdown, cleanup};
use crate::error::{Error, Kind, Result};
use crate::extract::fence::{Fence, Low};
use crate::extract::snapshot::{self, Snapshot};
use crate::extract::{Relation, catalog, query, read};
use crate::frame::FrameBuilder;
use crate::frame::parquet::{Batch, BatchKind};
use crate::frame::writer::{BatchWriter, Destination};
use crate::state::{BootstrapProgress, Layout};
use std::ops::ControlFlow;

/// A table that keeps being rewritten under us is given up for this cycle.
const MOST_RESTARTS: usize = 3;
/// TID range scans came with Postgres 14; before, every chunk would scan the whole table.
const TID_RANGE_SCANS: i32 = 140_000;

impl Engine {
    /// Copies every target that has no cursor yet. What fails is in the report; the others go on.
    pub(super) async fn bootstrap(&mut self, cycle: &str, targets: &[Target], report: &mut Report) -> Result<()> {
        for target in targets {
            self.check_shutdown()?;
            // Without `xmin` the whole relation is read at every cycle, together with the changes of the others.
            if !target.selected.kind.has_xmin() {
                continue;
            }
            let table = self.state.table(target.name())?;
            let moved = table.lake.as_ref().is_some_and(|lake| *lake != target.lake);
            if moved && table.cursor.is_some() {
                self.copy_afresh(target.name(), "its name in the lake changed")?;
            } else if table.cursor.is_some() || self.state.last_pending(target.name())?.is_some() {
                continue;
            }
            match self.copy_table(cycle, target).await {
                Err(error) if error.kind() == Kind::Table => self.fail(target.name(), error, report)?,
                other => other?,
            }
        }
        Ok(())
    }

    async fn copy_table(&mut self, cycle: &str, target: &Target) -> Result<()> {
        let name = target.name();
        for _ in 0..MOST_RESTARTS {
            let mut table = self.state.table(name)?;
            let mut bar = None;
            loop {
                self.check_shutdown()?;
                if table.bootstrap.as_ref().is_some_and(|progress| progress.next_page.is_none()) {
                    if let Some(bar) = bar {
                        Progress::finish(bar);
                    }
                    return Ok(());
                }
                let step = self.copy_chunk(cycle, target, table.bootstrap.clone(), &mut bar).await?;
                match step {
                    ControlFlow::Continue(progress) => {
                        table.bootstrap = Some(progress);
                        self.state.save_table(name, &table)?;
                    }
                    ControlFlow::Break(stale) => {
                        tracing::warn!(table = %name, "the source rewrote the table while it was copied: starting over");
                        cleanup::discard(&self.config, &stale.batches);
                        table.bootstrap = None;
                        self.state.save_table(name, &table)?;
                        break;
                    }
                }
            }
        }
        Err(Error::table(format!("copy {name}: the source keeps rewriting it; the next cycle tries again")))
    }

    /// Reads the next chunk in a transaction of its own. Breaks when the table is not the one that was begun.
    async fn copy_chunk(
        &mut self,
        cycle: &str,
        target: &Target,
        progress: Option<BootstrapProgress>,
        bar: &mut Option<Progress>,
    ) -> Result<ControlFlow<BootstrapProgress, BootstrapProgress>> {
        let horizon = self.state.source()?.horizon;
        let activity = snapshot::observe(self.source()?).await?;
        let (snapshot, refused) = snapshot::begin(self.source()?, std::slice::from_ref(target.name())).await?;
        let read = match refused.into_iter().next() {
            Some((_, error)) => Err(error),
            None => {
                let low = horizon.advance(&activity).low;
                self.read_chunk(cycle, target, progress, (&snapshot, low), bar).await
            }
        };
        if matches!(&read, Err(error) if error.kind() != Kind::Table) {
            // The stream may have been left half-read.
            self.source = None;
        } else {
            snapshot::end(self.source()?).await?;
        }
        read
    }

    async fn read_chunk(
        &mut self,
        cycle: &str,
        target: &Target,
        progress: Option<BootstrapProgress>,
        (snapshot, low): (&Snapshot, Low),
        bar: &mut Option<Progress>,
    ) -> Result<ControlFlow<BootstrapProgress, BootstrapProgress>> {
        let (relation, layout) = self.describe_one(target).await?;
        let mut progress = match progress {
            Some(progress) if progress.layout != layout || snapshot.xmin < progress.fence.xmin => {
                return Ok(ControlFlow::Break(progress));
            }
            Some(progress) => progress,
            None => BootstrapProgress {
                cycle: cycle.to_owned(),
                layout,
                fence: Fence { xmin: snapshot.xmin, low },
                next_page: Some(0),
                rewritten: false,
                batches: Vec::new(),
                rows: 0,
            },
        };
        let (pages, rows) = catalog::size(self.source()?, relation.oid).await?;
        let bar = bar.get_or_insert_with(|| Progress::start(target.name(), progress.rows, rows));
        let first = progress.next_page.unwrap_or(0);
        let end = self.chunk_end(first, pages)?;
        let copy = query::pages(&relation, first, end);
        // Rows written after the first snapshot may stand in an earlier chunk as well, in their older version.
        let (fence, mut rewritten) = (progress.fence.clone(), progress.rewritten);
        let note_xid = |xid| rewritten |= fence.excludes(xid, snapshot.xmax);
        let destination = self.destination(&progress.cycle, &relation, BatchKind::Bootstrap);
        let shutdown = self.shutdown.clone();
        let numbered = progress.batches.len() as u64 + 1;
        let batches = copy_out(self, &copy, destination, numbered, note_xid, Some(bar), &shutdown).await?;
        progress.rewritten = rewritten;
        progress.rows += batches.iter().map(|batch| batch.rows).sum::<u64>();
        progress.batches.extend(batches);
        progress.next_page = end;
        Ok(ControlFlow::Continue(progress))
    }

    /// The page before which the chunk ends; `None` for the last one.
    fn chunk_end(&mut self, first: u64, pages: u64) -> Result<Option<u64>> {
        let end = first + self.config.chunk_pages;
        let ranges = self.source()?.server_version >= TID_RANGE_SCANS;
        Ok((ranges && end < pages).then_some(end))
    }

    async fn describe_one(&mut self, target: &Target) -> Result<(Relation, Layout)> {
        let raw = catalog::describe(self.source()?, std::slice::from_ref(&target.selected)).await?;
        let raw = raw.into_iter().next().ok_or_else(|| Error::table(format!("{} was dropped", target.name())))?;
        self.resolve(raw)
    }

    /// Where this table's batches of a cycle go.
    pub(super) fn destination(&self, cycle: &str, relation: &Relation, kind: BatchKind) -> Destination {
        Destination {
            archive: self.config.parquet_dir.clone(),
            table: relation.name.clone(),
            cycle: cycle.to_owned(),
            kind,
            columns: relation.frame_columns(),
            key: relation.key.clone(),
        }
    }
}

/// Streams one COPY into Parquet batches; both ends work at the same time.
///
/// # Errors
/// Whatever failed first; the batches of the failed COPY are removed.
pub(super) async fn copy_out(
    engine: &mut Engine,
    copy: &str,
    destination: Destination,
    first_number: u64,
    note_xid: impl FnMut(u32),
    mut bar: Option<&mut Progress>,
    shutdown: &Shutdown,
) -> Result<Vec<Batch>> {
    let mut builder = FrameBuilder::new(&destination.columns, engine.config.batch_size);
    let writer = BatchWriter::start(destination.clone(), first_number);
    let read = read::rows(engine.source()?, copy, &mut builder, note_xid, async |frame| {
        if let Some(bar) = bar.as_deref_mut() {
            bar.add(frame.height() as u64);
        }
        if shutdown.is_requested() { ControlFlow::Break(()) } else { writer.write(frame).await }
    })
    .await;
    let written = writer.finish().await;
    // A failed write breaks off the read, so its error is the cause.
    match (written, read) {
        (Ok(batches), Ok(_)) => Ok(batches),
        (Ok(batches), Err(error)) => {
            cleanup::discard(&engine.config, &batches);
            Err(error.during(format!("read {}", destination.table)))
        }
        (Err(error), _) => {
            let Destination { table, cycle, kind, .. } = &destination;
            cleanup::discard_from(&engine.config, table, cycle, *kind, first_number);
            engine.source = None;
            Err(error)
        }
    }
}
