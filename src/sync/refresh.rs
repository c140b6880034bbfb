//! What readers of the lake are told of its tables when no rows come: how fresh they are, which fail, which are followed no more.

use super::deliver::Delivery;
use super::outcome::Failed;
use super::plan;
use super::reconcile::reconcile;
use crate::error::{Error, Kind, Result};
use crate::lake::Lake;
use crate::lake::file::identity;
use crate::model::{Freshness, News, TableName};
use chrono::Utc;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use tokio::task::block_in_place;

const REFRESH_EVERY: Duration = Duration::from_secs(60);

/// Whether the lake's freshness was brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    No,
    Yes,
    /// And the lake turned out to be another one.
    ToBootstrap,
}

impl Delivery<'_> {
    /// Without changes the lake is opened once in a while only, for its freshness, and never waited for. `whole`: what ended the cycle.
    ///
    /// # Errors
    /// The lake cannot be used.
    pub fn refresh_if_due(&mut self, failed: &Failed, whole: Option<&Error>) -> Result<Refreshed> {
        let source = &self.ledger.source;
        let now = Utc::now();
        let by_time = plan::is_due(source.refreshed_at.and_then(|at| plan::next(at, REFRESH_EVERY, now)), now);
        let is_news =
            whole.is_some() || source.error.is_some() || !source.gone.is_empty() || self.failures_changed(failed);
        if !(by_time || is_news) || identity(&self.config.lake).is_none() {
            return Ok(Refreshed::No);
        }
        let refreshed = match self.lake.open(self.config, Duration::ZERO, self.shutdown) {
            Ok(lake) => {
                let to_bootstrap = reconcile(self.config, self.ledger, &mut self.memory.seen, Some(&lake))?;
                self.refresh(&lake, failed.iter(), whole)?;
                if to_bootstrap { Refreshed::ToBootstrap } else { Refreshed::Yes }
            }
            Err(error) if error.kind() == Kind::LakeBusy => {
                if is_news && self.ledger.source.refreshed_at.is_some() {
                    // The next cycle has nothing new to say, and must say this.
                    self.ledger.source_mut().refreshed_at = None;
                }
                return Ok(Refreshed::No);
            }
            Err(error) => return Err(error),
        };
        self.lake.see(self.config);
        Ok(refreshed)
    }

    /// Whether a table was tried and failed, or one is well that was not: readers of the lake are to see that at once.
    fn failures_changed(&self, failed: &Failed) -> bool {
        let waiting = self.memory.failures.retrying();
        let fails = |name: &TableName| failed.iter().any(|(failed, _)| failed == name);
        failed.iter().any(|(name, _)| !waiting.contains_key(name))
            || self.ledger.tables.iter().any(|(name, known)| known.error.is_some() != fails(name))
    }

    /// Has the lake tell all that is known of its tables.
    pub(super) fn refresh<'f>(
        &mut self,
        lake: &Lake,
        failed: impl Iterator<Item = &'f (TableName, Error)>,
        whole: Option<&Error>,
    ) -> Result<()> {
        let failed: HashMap<&TableName, String> = failed.map(|(name, error)| (name, error.to_string())).collect();
        let names: BTreeSet<&TableName> = self.ledger.tables.keys().chain(failed.keys().copied()).collect();
        let tables: Vec<Freshness> = names
            .into_iter()
            .map(|name| {
                let known = self.ledger.table(name);
                let position = known.and_then(|known| known.position.as_ref());
                Freshness {
                    source: name.clone(),
                    lake: self.config.lake_table.apply(name),
                    mode: self.config.tables.of(name).mode.name(),
                    as_of: position.map(|position| position.as_of.clone()),
                    snapshot: position.map(|position| position.snapshot.clone()),
                    error: whole.map(Error::to_string).or_else(|| failed.get(name).cloned()),
                }
            })
            .collect();
        // One that is there again is followed.
        let mut gone = self.ledger.source.gone.clone();
        gone.retain(|(name, _)| self.ledger.table(name).is_none());
        let origin = self.ledger.source.origin();
        lake.prepare_metadata()?;
        let news = News { origin: origin.as_deref(), tables: &tables, gone: &gone };
        block_in_place(|| lake.refresh(&news))?;
        let source = self.ledger.source_mut();
        source.gone.clear();
        source.refreshed_at = Some(Utc::now());
        Ok(())
    }
}
