//! The bootstrap of a table, in chunks of heap pages: each chunk is a short transaction of its own and durable when
//! it ends, so that a killed bootstrap goes on where it was. What is durable is loaded into the lake while the next chunks
//! are read.
//!
//! The position is that of the first chunk's snapshot: whatever changes while the bootstrap runs is read again by the poll that
//! the same cycle makes afterwards, under the snapshot that all tables share.

use super::chunk::{Begun, Chunk, Outcome};
use super::lake::LakeHandle;
use super::loading::Loader;
use super::outcome::Failed;
use super::plan::{Action, TablePlan};
use super::progress::Progress;
use super::seen::SeenXids;
use super::table::TableToSync;
use super::{Shutdown, cleanup};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::lake::staging::BootstrapLoad;
use crate::model::{BootstrapProgress, TableName};
use crate::source::{Relation, Sessions, catalog};
use crate::state::Ledger;
use crate::state::ledger::Durability;
use crate::state::records::BootstrapReason;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

/// A table that keeps being rewritten under us is given up for this cycle.
const MOST_RESTARTS: usize = 3;
/// TID range scans came with Postgres 14; before, every chunk would scan the whole table.
const TID_RANGE_SCANS: i32 = 140_000;

/// What a bootstrap works with.
pub struct Bootstrap<'a> {
    pub cycle: &'a str,
    pub config: &'a Arc<Config>,
    pub ledger: &'a mut Ledger,
    pub sessions: &'a mut Sessions,
    pub seen: &'a mut HashMap<TableName, SeenXids>,
    pub shutdown: &'a Shutdown,
}

impl Bootstrap<'_> {
    /// Copies every table that the plan says. What fails is in the answer; the others go on.
    ///
    /// # Errors
    /// What concerns all of them.
    pub async fn run(&mut self, tables: &[TableToSync], plans: &[TablePlan], lake: &LakeHandle) -> Result<Failed> {
        let loader = Loader::start(Arc::clone(self.config), lake.clone(), self.shutdown.clone());
        let copied = self.tables(tables, plans, &loader).await;
        loader.finish().await;
        // Their sessions are not needed until a table is bootstrapped again.
        self.sessions.dismiss_workers();
        copied
    }

    async fn tables(&mut self, tables: &[TableToSync], plans: &[TablePlan], loader: &Loader) -> Result<Failed> {
        let mut failed = Failed::new();
        for (table, plan) in tables.iter().zip(plans) {
            let (Action::Bootstrap(reason), Ok(relation)) = (&plan.action, &table.relation) else { continue };
            if self.shutdown.is_requested() {
                return Err(Error::stopped());
            }
            if let Some(reason) = reason {
                self.begin_again(table.name(), reason.clone())?;
            }
            match self.table(table, relation, loader).await {
                Ok(()) => {}
                Err(error) if error.kind() == Kind::Table => failed.push((table.name().clone(), error)),
                Err(error) => return Err(error),
            }
        }
        Ok(failed)
    }

    fn begin_again(&mut self, name: &TableName, reason: BootstrapReason) -> Result<()> {
        tracing::warn!(table = %name, "{reason}: the table is bootstrapped again");
        reset(self.ledger, self.config, self.seen, name, reason)
    }

    /// Copies one table, from where an earlier start left off.
    async fn table(&mut self, table: &TableToSync, relation: &Relation, loader: &Loader) -> Result<()> {
        let name = table.name();
        let (_, rows) = catalog::size(self.sessions.main()?, table.selected.oid).await?;
        let known = self.ledger.table_mut(name);
        let begun = known.bootstrap.as_ref().map_or(0, |progress| progress.rows);
        if known.since.is_none() {
            // Known from here on, so that whatever a crash leaves of it is recognised.
            known.since = Some(self.cycle.to_owned());
            cleanup::discard_unfinished(self.config, &self.ledger.source.owner, name);
        }
        self.ledger.commit(Durability::Process)?;
        let bar = Arc::new(Mutex::new(Progress::start(name, begun, rows)));
        for _ in 0..MOST_RESTARTS {
            if self.chunks(table, relation, &bar, loader).await?.is_continue() {
                return Ok(());
            }
            tracing::warn!(table = %name, "the source rewrote the table while it was bootstrapped: starting over");
            let reason = "the source rewrote it while it was bootstrapped";
            reset(self.ledger, self.config, self.seen, name, BootstrapReason::Because(reason.into()))?;
        }
        Err(Error::table(format!("bootstrap {name}: the source keeps rewriting it; the next cycle tries again")))
    }

    /// Reads chunk after chunk, and has what is durable loaded meanwhile. Breaks when the table is not the one that was begun.
    async fn chunks(
        &mut self,
        table: &TableToSync,
        relation: &Relation,
        bar: &Arc<Mutex<Progress>>,
        loader: &Loader,
    ) -> Result<ControlFlow<()>> {
        while let Some(chunks) = self.next_chunks(table, relation, bar).await? {
            if self.shutdown.is_requested() {
                return Err(Error::stopped());
            }
            if self.read(table, chunks).await?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            loader.offer(self.so_far(table)?);
        }
        bar.lock().unwrap_or_else(PoisonError::into_inner).finish();
        loader.complete(self.so_far(table)?);
        Ok(ControlFlow::Continue(()))
    }

    fn so_far(&self, table: &TableToSync) -> Result<BootstrapLoad> {
        let progress = self.progress(table.name());
        let progress = progress.ok_or_else(|| Error::internal(format!("bootstrap {}: not begun", table.name())))?;
        Ok(BootstrapLoad {
            source: table.name().clone(),
            origin: self.ledger.source.origin(),
            lake: table.lake.clone(),
            schema: progress.schema.clone(),
            batches: progress.files.clone(),
            rewritten: progress.rewritten,
        })
    }

    fn progress(&self, name: &TableName) -> Option<&BootstrapProgress> {
        self.ledger.table(name)?.bootstrap.as_ref()
    }

    /// The chunks to read next, at the same time; `None` when all are read. The first chunk goes alone: it sets the position.
    async fn next_chunks(
        &mut self,
        table: &TableToSync,
        relation: &Relation,
        bar: &Arc<Mutex<Progress>>,
    ) -> Result<Option<Vec<Chunk>>> {
        let (begun, cycle, next_page) = match self.progress(table.name()) {
            None => (None, self.cycle.to_owned(), 0),
            Some(BootstrapProgress { next_page: None, .. }) => return Ok(None),
            Some(BootstrapProgress { schema, position, cycle, next_page: Some(next_page), .. }) => {
                let relation = Relation { schema: schema.clone(), ..relation.clone() };
                (Some(Begun { relation, position: position.clone() }), cycle.clone(), *next_page)
            }
        };
        let (pages, _) = catalog::size(self.sessions.main()?, table.selected.oid).await?;
        let ranges = self.sessions.main()?.server_version >= TID_RANGE_SCANS;
        let wanted = if begun.is_some() { self.config.bootstrap_workers } else { 1 };
        let workers = self.sessions.most_workers(wanted);
        let mut first_page = next_page;
        let mut chunks = Vec::new();
        while chunks.len() < workers {
            let end = first_page + self.config.chunk_pages;
            let end_page = (ranges && end < pages).then_some(end);
            chunks.push(Chunk {
                config: Arc::clone(self.config),
                selected: table.selected.clone(),
                shutdown: self.shutdown.clone(),
                horizon: self.ledger.source.horizon.clone(),
                audit: table.fingerprint(),
                cycle: cycle.clone(),
                owner: self.ledger.source.owner.clone(),
                begun: begun.clone(),
                first_page,
                end_page,
                bar: Arc::clone(bar),
            });
            let Some(end) = end_page else { break };
            first_page = end;
        }
        Ok(Some(chunks))
    }

    /// Reads chunks at the same time, each in a session of its own, and records them in order. Breaks when the table is
    /// not the one that was begun.
    async fn read(&mut self, table: &TableToSync, chunks: Vec<Chunk>) -> Result<ControlFlow<()>> {
        let mut readers = Vec::new();
        for chunk in chunks {
            let source = self.sessions.lend().await?;
            let end_page = chunk.end_page;
            let runtime = Handle::current();
            // A thread each: decoding is work for a core, not for the socket's event loop.
            readers.push((end_page, spawn_blocking(move || runtime.block_on(chunk.run(source)))));
        }
        let mut stop = Ok(ControlFlow::Continue(()));
        for (end_page, reader) in readers {
            let (source, outcome) = reader.await.map_err(|error| Error::internal(format!("read a chunk: {error}")))?;
            if let Some(source) = source {
                self.sessions.give_back(source);
            }
            // Chunks count in order: one after a failed one is read again.
            match (outcome, &stop) {
                (Ok(Outcome::Read { begun, files, rewritten }), Ok(ControlFlow::Continue(()))) => {
                    self.record(table, *begun, files, rewritten, end_page)?;
                }
                (Ok(Outcome::Read { files, .. }), _) => cleanup::discard(self.config, &files),
                (Ok(Outcome::Stale), Ok(_)) => stop = Ok(ControlFlow::Break(())),
                (Err(error), Ok(_)) => stop = Err(error),
                (_, Err(_)) => {}
            }
        }
        self.sessions.restore().await?;
        stop
    }

    fn record(
        &mut self,
        table: &TableToSync,
        begun: Begun,
        files: Vec<crate::model::Batch>,
        rewritten: bool,
        end_page: Option<u64>,
    ) -> Result<()> {
        let cycle = self.cycle;
        let progress = self.ledger.table_mut(table.name()).bootstrap.get_or_insert_with(|| BootstrapProgress {
            cycle: cycle.to_owned(),
            schema: begun.relation.schema,
            position: begun.position,
            next_page: Some(0),
            rewritten: false,
            rows: 0,
            files: Vec::new(),
        });
        progress.rewritten |= rewritten;
        progress.next_page = end_page;
        self.ledger.add_bootstrap_files(table.name(), files);
        self.ledger.commit(Durability::Process)
    }
}

/// Has the next cycle bootstrap this table from the start.
///
/// # Errors
/// `State`: the ledger cannot be read or written.
pub fn reset(
    ledger: &mut Ledger,
    config: &Config,
    seen: &mut HashMap<TableName, SeenXids>,
    name: &TableName,
    reason: BootstrapReason,
) -> Result<()> {
    seen.remove(name);
    let garbage = ledger.reset(name, reason)?;
    ledger.commit(Durability::Process)?;
    cleanup::discard(config, &garbage);
    Ok(())
}
