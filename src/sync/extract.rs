//! Steps 1 to 3 for tables that the lake holds: what changed since their positions, all of them under one snapshot.
//!
//! Most tables did not change, so first all are asked together; then those that did are read one by one. Whatever goes wrong with
//! one of them is its own: the others are read under the same snapshot.

use super::discover::Found;
use super::outcome::Failed;
use super::plan::{self, Action, Facts, Now, Rows, TablePlan};
use super::read::{Polled, Reading, SoFar};
use super::seen::SeenXids;
use super::table::TableToSync;
use super::{Memory, Shutdown, cleanup};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::model::{Activity, Batch, BatchKind, ChangeSet, Digest, Horizon, KeyRange, Payload, TableName};
use crate::source::{Sessions, audit, catalog, wal};
use crate::state::Contents;
use crate::state::records::BootstrapReason;
use chrono::{DateTime, Utc};
use std::collections::HashMap;

/// The lake's side of this cycle's comparisons, by table.
pub type Digests = HashMap<TableName, Vec<(KeyRange, Option<Digest>)>>;

/// What a cycle found in the source.
pub struct Extracted {
    pub sets: Vec<ChangeSet>,
    pub failed: Failed,
    /// Tables that DDL changed while they were looked at: they are looked at again.
    pub altered: Vec<TableName>,
    /// Tables that only a bootstrap brings up to date, and why.
    pub to_bootstrap: Vec<(TableName, BootstrapReason)>,
    pub horizon: Horizon,
    pub held_back: Option<String>,
    /// Transactions that were read, by table: they count once the change sets are recorded.
    pub seen: Vec<(TableName, SeenXids)>,
    /// Full scans that were tried in vain, and those that succeeded.
    pub scans: Vec<(TableName, Option<DateTime<Utc>>)>,
}

/// What a cycle extracts with.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The cycle's id.
    pub id: &'a str,
    pub config: &'a Config,
    pub ledger: &'a Contents,
    pub memory: &'a Memory,
    pub shutdown: &'a Shutdown,
    pub digests: &'a Digests,
}

/// Extracts what changed in all tables of the plan that are polled or read in full.
///
/// # Errors
/// What concerns all of them: the source is gone, the disk is full, a signal came. All that was written is garbage then.
pub async fn extract(inputs: Inputs<'_>, sessions: &mut Sessions, found: &Found) -> Result<Extracted> {
    let Inputs { config, ledger, memory, .. } = inputs;
    let activity = sessions.observe().await?;
    let audited = found.tables.iter().any(|table| table.audit.is_some());
    let snapshot = sessions.begin(audited).await?;
    let since = plan::audited(ledger, &found.tables);
    let recorded = audit::recorded(sessions.main()?, &since).await?;
    let now = Now { xmin: snapshot.xmin, xmax: snapshot.xmax, clock: activity.now.clone() };
    let plans = plan::plan(&Facts {
        config,
        ledger,
        tables: &found.tables,
        source: now,
        recorded: Some(&recorded),
        retrying: memory.failures.retrying(),
        full_scan_tried: &memory.full_scan_tried,
        now: Utc::now(),
    });
    let horizon = ledger.source.horizon.advance(&activity);
    let held_back = held_back(&activity);
    let unflushed = snapshot.unflushed;
    let reading = Reading { inputs, snapshot, activity, horizon };
    let mut extracted = reading.tables(sessions, &found.tables, &plans).await?;
    extracted.held_back = held_back;
    sessions.restore().await?;
    sessions.end().await?;
    wal::wait_for_disk(sessions.main()?, unflushed).await?;
    refuse_changed(sessions, found, config, &mut extracted).await?;
    Ok(extracted)
}

/// Takes back what was read of tables that DDL has changed since they were described: a rewritten one looks empty under an older
/// snapshot, and a renamed column is another one.
async fn refuse_changed(
    sessions: &mut Sessions,
    found: &Found,
    config: &Config,
    extracted: &mut Extracted,
) -> Result<()> {
    let now = catalog::fingerprints(sessions.main()?, found.tables.iter().map(|table| &table.selected)).await?;
    let is_as_found = |oid| now.get(oid).is_some_and(|now| found.fingerprints.get(oid) == Some(now));
    let changed: Vec<&TableName> =
        found.tables.iter().filter(|table| !is_as_found(&table.selected.oid)).map(TableToSync::name).collect();
    if changed.is_empty() {
        return Ok(());
    }
    for set in extracted.sets.extract_if(.., |set| changed.contains(&&set.table)) {
        let fresh: Vec<Batch> = set.batches().filter(|batch| batch.kind != BatchKind::Bootstrap).cloned().collect();
        let read_in_full = matches!(set.payload, Payload::FullRead { .. });
        cleanup::discard(config, if read_in_full { set.batches().cloned().collect() } else { fresh }.as_slice());
        extracted.altered.push(set.table);
    }
    // What the server said of them is no longer true.
    for (table, _) in
        extracted.failed.extract_if(.., |(name, error)| changed.contains(&&*name) && error.kind() == Kind::Table)
    {
        extracted.altered.push(table);
    }
    extracted.seen.retain(|(name, _)| !changed.contains(&name));
    extracted.scans.retain(|(name, _)| !changed.contains(&name));
    extracted.to_bootstrap.retain(|(name, _)| !changed.contains(&name));
    Ok(())
}

impl Reading<'_> {
    async fn tables(&self, sessions: &mut Sessions, tables: &[TableToSync], plans: &[TablePlan]) -> Result<Extracted> {
        let mut extracted = Extracted {
            sets: Vec::new(),
            failed: Vec::new(),
            altered: Vec::new(),
            to_bootstrap: Vec::new(),
            horizon: self.horizon.clone(),
            held_back: None,
            seen: Vec::new(),
            scans: Vec::new(),
        };
        let planned: Vec<(&TableToSync, &TablePlan)> = tables.iter().zip(plans).collect();
        let mut answers = self.ask_all(sessions, &planned).await?;
        for (table, plan) in planned {
            if self.inputs.shutdown.is_requested() {
                return Err(Error::stopped());
            }
            let relation = match (&plan.action, &table.relation) {
                (Action::Refuse(error) | Action::Wait(error), _) => {
                    extracted.failed.push((plan.table.clone(), error.clone()));
                    continue;
                }
                // One that failed a moment ago is told already, and so is what waits for the lake.
                (Action::Bootstrap(None) | Action::Hold, _) => continue,
                (Action::Bootstrap(Some(reason)), _) => {
                    extracted.to_bootstrap.push((plan.table.clone(), reason.clone()));
                    continue;
                }
                (_, Ok(relation)) => relation,
                (_, Err(error)) => return Err(Error::internal(format!("read {}: {error}", plan.table))),
            };
            let seen = self.inputs.memory.seen.get(&plan.table).cloned().unwrap_or_default();
            let mut so_far = SoFar { seen, ..SoFar::default() };
            let scans = matches!(&plan.action, Action::Poll(poll) if poll.rows == Some(Rows::FullScan));
            let outcome = match &plan.action {
                Action::Poll(poll) => {
                    let answers = answers.remove(&plan.table).unwrap_or_default();
                    self.poll(sessions, Polled { table, relation, poll }, answers, &mut so_far).await
                }
                _ => self.read_in_full(sessions, table, relation).await,
            };
            match outcome {
                Ok(set) => {
                    extracted.sets.push(set);
                    so_far.seen.prune(&self.snapshot);
                    extracted.seen.push((plan.table.clone(), so_far.seen));
                    if scans {
                        extracted.scans.push((plan.table.clone(), None));
                    }
                }
                Err(error) if error.kind() == Kind::Table => {
                    // What was read before it failed; it is read again.
                    let read: Vec<Batch> = so_far.batches().cloned().collect();
                    cleanup::discard(self.inputs.config, &read);
                    if error.is_lasting() && reads_another_shape(&plan.action) {
                        let reason = format!("what was recorded before its columns changed cannot be read: {error}");
                        extracted.to_bootstrap.push((plan.table.clone(), BootstrapReason::Because(reason)));
                        continue;
                    }
                    extracted.failed.push((plan.table.clone(), error));
                    // One that takes too long must not stop the polls that do not.
                    if scans {
                        extracted.scans.push((plan.table.clone(), Some(Utc::now())));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(extracted)
    }
}

/// Whether recorded rows are read by an earlier shape of the table.
fn reads_another_shape(action: &Action) -> bool {
    let Action::Poll(poll) = action else { return false };
    !poll.bootstrapped && poll.versions.as_ref().is_some_and(|versions| versions.reshaped)
}

fn held_back(activity: &Activity) -> Option<String> {
    if let Some(reason) = &activity.unseen {
        return Some(format!("every poll reads by xmin alone, since open transactions cannot be seen: {reason}"));
    }
    (!activity.sees_all).then(|| {
        let now = if activity.hidden_sessions > 0 { " (as now)" } else { "" };
        format!(
            "without pg_read_all_stats the range that polls read cannot shrink while a transaction of another role is \
             open{now}: correct, but dearer for the source; to avoid it: GRANT pg_read_all_stats TO your_role"
        )
    })
}
