//! One chunk of a first copy: a range of heap pages, read in a short transaction of its own, possibly beside others on
//! connections of their own.

use super::discover::Target;
use super::progress::Progress;
use super::transfer::copy_out;
use super::{Engine, Shutdown};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::extract::fence::{Fence, Horizon};
use crate::extract::snapshot::{self, Snapshot};
use crate::extract::{Connection, catalog, query};
use crate::frame::parquet::{Batch, BatchKind, prefix};
use crate::state::Layout;
use std::sync::{Arc, Mutex, PoisonError};

/// What to read, and what must hold for it.
#[derive(Clone)]
pub struct Chunk {
    pub config: Arc<Config>,
    pub target: Target,
    pub shutdown: Shutdown,
    pub horizon: Horizon,
    /// The id that the bootstrap's files carry.
    pub cycle: String,
    /// The table as the first chunk found it, and its fence; `None` for the first chunk.
    pub begun: Option<(Layout, Fence)>,
    /// Heap pages, to the table's end for `None`.
    pub first_page: u64,
    pub end_page: Option<u64>,
    pub bar: Arc<Mutex<Progress>>,
}

/// What came of it.
pub enum Outcome {
    Read {
        layout: Layout,
        fence: Fence,
        /// The snapshot that it was read under.
        snapshot: String,
        batches: Vec<Batch>,
        /// Some row was written after the first snapshot, so it may stand in another chunk too, in another version.
        rewritten: bool,
    },
    /// The table is no longer the one that was begun.
    Stale,
}

impl Chunk {
    /// Reads the chunk. The connection comes back unless it broke.
    pub async fn run(self, mut source: Connection) -> (Option<Connection>, Result<Outcome>) {
        let outcome = self.read(&mut source).await;
        match &outcome {
            // The stream may have been left half-read.
            Err(error) if error.kind() != Kind::Table => (None, outcome),
            _ => match snapshot::end(&mut source).await {
                Ok(()) => (Some(source), outcome),
                Err(error) => (None, Err(error)),
            },
        }
    }

    async fn read(&self, source: &mut Connection) -> Result<Outcome> {
        let activity = snapshot::observe(source).await?;
        let (snapshot, refused) = snapshot::begin(source, &[&self.target.selected], false).await?;
        if let Some((_, error)) = refused.into_iter().next() {
            return Err(error);
        }
        let raw = catalog::describe(source, std::slice::from_ref(&self.target.selected)).await?;
        let raw = raw.into_iter().next().ok_or_else(|| Error::table(format!("{} was dropped", self.target.name())))?;
        let (relation, layout) = Engine::resolve(&self.config, raw)?;
        let (begun, fence) = match self.begun.clone() {
            Some(begun) => begun,
            None => (layout.clone(), Fence { xmin: snapshot.xmin, low: self.horizon.advance(&activity).low }),
        };
        if layout != begun || snapshot.xmin < fence.xmin {
            return Ok(Outcome::Stale);
        }
        let copy = query::pages(&relation, self.first_page, self.end_page);
        let prefix = prefix(&self.cycle, BatchKind::Bootstrap, Some(self.first_page));
        let destination = Engine::destination(&self.config, &relation, BatchKind::Bootstrap, prefix);
        let mut rewritten = false;
        let Snapshot { xmax, text, .. } = snapshot;
        let batches = copy_out(
            source,
            &copy,
            destination,
            &self.shutdown,
            |xid| rewritten |= fence.excludes(xid, xmax),
            |rows| self.bar.lock().unwrap_or_else(PoisonError::into_inner).add(rows),
        )
        .await?;
        Ok(Outcome::Read { layout, fence, snapshot: text, batches, rewritten })
    }
}
