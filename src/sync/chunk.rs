//! One chunk of a bootstrap: a range of heap pages, read in a short transaction of its own, possibly beside others in sessions of
//! their own.

use super::Shutdown;
use super::progress::Progress;
use super::sink::sink;
use super::transfer::transfer;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::{Batch, BatchKind, Fence, Horizon, Position};
use crate::parquet::write::FileNames;
use crate::source::catalog::Selected;
use crate::source::{Connection, Relation, catalog, query, snapshot, wal};
use std::sync::{Arc, Mutex, PoisonError};

/// What to read, and what must hold for it.
#[derive(Clone)]
pub struct Chunk {
    pub config: Arc<Config>,
    pub selected: Selected,
    pub shutdown: Shutdown,
    pub horizon: Horizon,
    /// The triggers that record deletes since before the chunk.
    pub audit: Option<String>,
    /// The id that the bootstrap's files carry, and whose they are.
    pub cycle: String,
    pub owner: String,
    /// The table as the first chunk found it, and its position; `None` for the first chunk.
    pub begun: Option<Begun>,
    /// Heap pages, to the table's end for `None`.
    pub first_page: u64,
    pub end_page: Option<u64>,
    pub bar: Arc<Mutex<Progress>>,
}

/// A bootstrap that has begun.
#[derive(Clone)]
pub struct Begun {
    pub relation: Relation,
    pub position: Position,
}

/// What came of it.
pub enum Outcome {
    Read {
        begun: Box<Begun>,
        files: Vec<Batch>,
        /// Some row was written after the first snapshot, so it may stand in another chunk too, in another version.
        rewritten: bool,
    },
    /// The table is no longer the one that was begun.
    Stale,
}

impl Chunk {
    /// Reads the chunk. The session comes back unless it is in doubt.
    pub async fn run(self, mut source: Connection) -> (Option<Connection>, Result<Outcome>) {
        let outcome = self.read(&mut source).await;
        match source.is_in_doubt() {
            true => (None, outcome),
            false => match snapshot::end(&mut source).await {
                Ok(()) => (Some(source), outcome),
                Err(error) => (None, outcome.and(Err(error))),
            },
        }
    }

    async fn read(&self, source: &mut Connection) -> Result<Outcome> {
        let begun = self.begun.as_ref();
        let Some(fingerprint) = self.fingerprint(source).await? else { return Ok(Outcome::Stale) };
        let relation = self.describe(source).await?;
        if begun.is_some_and(|begun| begun.relation.schema != relation.schema) {
            return Ok(Outcome::Stale);
        }
        let activity = snapshot::observe(source).await?;
        let audited = self.audit.is_some() && begun.is_none();
        let snapshot = snapshot::begin_alone(source, audited, activity.unseen.is_some()).await?;
        let position = match begun {
            Some(begun) => begun.position.clone(),
            None => Position {
                fence: Fence { xmin: snapshot.xmin, low: self.horizon.advance(&activity).low },
                snapshot: snapshot.text.clone(),
                as_of: activity.now,
                full_scan: None,
                audit: self.audit.clone(),
            },
        };
        if snapshot.xmin < position.fence.xmin {
            return Ok(Outcome::Stale);
        }
        let query = query::pages(&relation, self.first_page, self.end_page);
        let kind = BatchKind::Bootstrap;
        let names = FileNames::new(&self.cycle, kind, Some(self.first_page), &self.owner);
        let sink = sink(&self.config, &relation, kind, relation.schema.travelling(), names);
        let mut rewritten = false;
        let files = transfer(
            source,
            &query,
            sink,
            &self.shutdown,
            |row| rewritten |= position.fence.may_have_missed(row, snapshot.xmax),
            |rows| self.bar.lock().unwrap_or_else(PoisonError::into_inner).add(rows),
        )
        .await?;
        // A table that DDL has rewritten or altered since it was described may have looked empty, or otherwise than it is.
        snapshot::end(source).await?;
        wal::wait_for_disk(source, snapshot.unflushed).await?;
        let is_as_found = self.fingerprint(source).await?.as_ref() == Some(&fingerprint);
        if !is_as_found || self.describe(source).await?.schema != relation.schema {
            super::cleanup::discard(&self.config, &files);
            return Ok(Outcome::Stale);
        }
        Ok(Outcome::Read { begun: Box::new(Begun { relation, position }), files, rewritten })
    }

    async fn fingerprint(&self, source: &mut Connection) -> Result<Option<String>> {
        Ok(catalog::fingerprints(source, std::iter::once(&self.selected)).await?.into_values().next())
    }

    async fn describe(&self, source: &mut Connection) -> Result<Relation> {
        let raw = catalog::describe(source, std::slice::from_ref(&self.selected)).await?;
        let raw = raw.into_iter().next().ok_or_else(|| Error::table(format!("{} was dropped", self.selected.name)))?;
        raw.resolve(&self.config.tables.of(&self.selected.name), &self.config.mask_salt)
    }
}
