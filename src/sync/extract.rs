//! Steps 1 to 3 for tables that the lake holds: what changed since their positions, all of them under one snapshot.
//!
//! Most tables did not change, so first all are asked together; then those that did are read one by one. Whatever goes wrong with
//! one of them is its own: the others are read under the same snapshot.

use super::discover::Found;
use super::outcome::Failed;
use super::plan::{self, Action, Facts, Now, Poll, Rows, SMALL_PAGES, TablePlan};
use super::seen::SeenXids;
use super::sink::sink;
use super::table::TableToSync;
use super::transfer::transfer;
use super::{Memory, Shutdown, cleanup};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::model::change_set::Comparison;
use crate::model::{
    Activity, Batch, BatchKind, ChangeSet, Column, ComparisonProgress, Cursor, Digest, Fence, FullScan, Horizon,
    KeyRange, Payload, Position, Snapshot, SourceColumn, TableName, version_columns,
};
use crate::parquet::write::prefix;
use crate::source::ask::{Question, ask};
use crate::source::{Connection, Relation, Sessions, audit, catalog, keys, query, read, snapshot};
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
    /// Tables that only a bootstrap brings up to date, and why.
    pub to_bootstrap: Vec<(TableName, BootstrapReason)>,
    pub horizon: Horizon,
    pub held_back: Option<String>,
    /// The snapshot that all of it was read under.
    pub snapshot: Snapshot,
    /// Transactions that were read, by table: they count once the change sets are recorded.
    pub seen: Vec<(TableName, SeenXids)>,
    /// Full scans that were tried in vain, and those that succeeded.
    pub scans: Vec<(TableName, Option<DateTime<Utc>>)>,
}

/// What all tables of a cycle have in common.
struct Cycle<'a> {
    id: &'a str,
    config: &'a Config,
    ledger: &'a Contents,
    memory: &'a Memory,
    shutdown: &'a Shutdown,
    digests: &'a Digests,
    snapshot: Snapshot,
    activity: Activity,
    horizon: Horizon,
}

/// Extracts what changed in all tables of the plan that are polled or read in full.
///
/// # Errors
/// What concerns all of them: the source is gone, the disk is full, a signal came. All that was written is garbage then.
#[expect(clippy::too_many_arguments, reason = "the cycle's parts, each of them plain")]
pub async fn extract(
    id: &str,
    config: &Config,
    ledger: &Contents,
    memory: &Memory,
    shutdown: &Shutdown,
    sessions: &mut Sessions,
    found: &Found,
    digests: &Digests,
) -> Result<Extracted> {
    let activity = snapshot::observe(sessions.main()?).await?;
    let audited = found.tables.iter().any(|table| table.audit.is_some());
    let snapshot = sessions.begin(audited).await?;
    let since: Vec<_> = found
        .tables
        .iter()
        .filter(|table| table.audit.is_some())
        .filter_map(|table| Some((table.selected.oid, plan::since(ledger, table.name())?)))
        .collect();
    let recorded = audit::recorded(sessions.main()?, &since).await?;
    let now = Now { xmin: snapshot.xmin, xmax: snapshot.xmax, clock: activity.now.clone() };
    let plans = plan::plan(&Facts {
        config,
        ledger,
        tables: &found.tables,
        source: now,
        recorded: Some(&recorded),
        retrying: &memory.failures.retrying(),
        full_scan_tried: &memory.full_scan_tried,
        now: Utc::now(),
    });
    let horizon = ledger.source.horizon.advance(&activity);
    let held_back = held_back(&activity);
    let cycle = Cycle { id, config, ledger, memory, shutdown, digests, snapshot, activity, horizon };
    let mut extracted = cycle.tables(sessions, &found.tables, &plans).await?;
    extracted.held_back = held_back;
    sessions.restore().await?;
    sessions.end().await?;
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
    let oids: Vec<u32> = found.tables.iter().map(|table| table.selected.oid).collect();
    let now = catalog::fingerprints(sessions.main()?, &oids).await?;
    let changed: Vec<&TableName> = found
        .tables
        .iter()
        .filter(|table| now.get(&table.selected.oid) != found.fingerprints.get(&table.selected.oid))
        .map(TableToSync::name)
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    for set in extracted.sets.extract_if(.., |set| changed.contains(&&set.table)) {
        let fresh: Vec<Batch> = set.batches().filter(|batch| batch.kind != BatchKind::Bootstrap).cloned().collect();
        let read_in_full = matches!(set.payload, Payload::FullRead { .. });
        cleanup::discard(config, if read_in_full { set.batches().cloned().collect() } else { fresh }.as_slice());
        let error = Error::table(format!(
            "read {}: it was rewritten or altered at this moment; the next cycle looks again",
            set.table
        ));
        extracted.failed.push((set.table, error));
    }
    extracted.seen.retain(|(name, _)| !changed.contains(&name));
    extracted.scans.retain(|(name, _)| !changed.contains(&name));
    extracted.to_bootstrap.retain(|(name, _)| !changed.contains(&name));
    Ok(())
}

impl Cycle<'_> {
    async fn tables(&self, sessions: &mut Sessions, tables: &[TableToSync], plans: &[TablePlan]) -> Result<Extracted> {
        let mut extracted = Extracted {
            sets: Vec::new(),
            failed: Vec::new(),
            to_bootstrap: Vec::new(),
            horizon: self.horizon.clone(),
            held_back: None,
            snapshot: self.snapshot.clone(),
            seen: Vec::new(),
            scans: Vec::new(),
        };
        let planned: Vec<(&TableToSync, &TablePlan)> = tables.iter().zip(plans).collect();
        let mut answers = self.ask_all(sessions, &planned).await?;
        for (table, plan) in planned {
            if self.shutdown.is_requested() {
                return Err(Error::stopped());
            }
            let relation = match (&plan.action, &table.relation) {
                (Action::Refuse(error) | Action::Wait(error), _) => {
                    extracted.failed.push((plan.table.clone(), error.clone()));
                    continue;
                }
                (Action::Bootstrap(reason), _) => {
                    let reason = reason.clone().unwrap_or_else(|| BootstrapReason::Because(plan.why.clone()));
                    extracted.to_bootstrap.push((plan.table.clone(), reason));
                    continue;
                }
                (_, Ok(relation)) => relation,
                (_, Err(error)) => return Err(Error::internal(format!("read {}: {error}", plan.table))),
            };
            let mut seen = self.memory.seen.get(&plan.table).cloned().unwrap_or_default();
            let scans = matches!(&plan.action, Action::Poll(poll) if poll.rows == Some(Rows::FullScan));
            let outcome = match &plan.action {
                Action::Poll(poll) => {
                    let answers = answers.remove(&plan.table).unwrap_or_default();
                    let mut changes = Vec::new();
                    let set = self.poll(sessions, table, relation, poll, answers, &mut seen, &mut changes).await;
                    if set.is_err() {
                        // What was read before it failed; the next cycle reads it again.
                        cleanup::discard(self.config, &changes);
                    }
                    set
                }
                _ => self.read_in_full(sessions, table, relation).await,
            };
            match outcome {
                Ok(set) => {
                    extracted.sets.push(set);
                    seen.prune(&self.snapshot);
                    extracted.seen.push((plan.table.clone(), seen));
                    if scans {
                        extracted.scans.push((plan.table.clone(), None));
                    }
                }
                Err(error) if error.kind() == Kind::Table => {
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

    /// Asks all tables that are polled whether there is anything to read, and for their side of the comparison of keys.
    async fn ask_all(
        &self,
        sessions: &mut Sessions,
        planned: &[(&TableToSync, &TablePlan)],
    ) -> Result<HashMap<TableName, Answers>> {
        let mut questions = Vec::new();
        let mut asked = Vec::new();
        for (table, plan) in planned {
            let (Action::Poll(poll), Ok(relation)) = (&plan.action, &table.relation) else { continue };
            let suspect = self.memory.failures.is_failing(&plan.table);
            let rows = self.any_rows(relation, poll);
            let digests = self.digests_of(table, poll).iter().filter(|(_, in_lake)| in_lake.is_some());
            let keys: Vec<String> = digests.map(|(range, _)| keys::digest(relation, range)).collect();
            asked.push((&plan.table, rows.is_some(), keys.len()));
            questions.extend(rows.into_iter().chain(keys).map(|sql| Question { sql, suspect }));
        }
        let mut answers = ask(sessions, &questions).await?.into_iter();
        Ok(asked
            .into_iter()
            .map(|(name, rows, keys)| {
                let rows = if rows { answers.next() } else { None };
                (name.clone(), Answers { rows, digests: answers.by_ref().take(keys).collect() })
            })
            .collect())
    }

    /// The question whether any row was written, where answering it costs less than reading them.
    fn any_rows(&self, relation: &Relation, poll: &Poll) -> Option<String> {
        let rows = poll.rows?;
        let cheap = relation.pages <= SMALL_PAGES || (rows == Rows::Cursor && relation.cursor_indexed);
        let since = self.since(poll, rows);
        let reads_range = since.low.is_some() || relation.pages <= SMALL_PAGES;
        (cheap && reads_range).then(|| {
            query::any_changes(relation, &since, &self.snapshot, self.config.overlap, &self.skip(relation, rows))
        })
    }

    /// From where on rows are read.
    fn since(&self, poll: &Poll, rows: Rows) -> Fence {
        match &poll.position.full_scan {
            Some(last) if rows == Rows::FullScan => Fence { xmin: last.xmin, low: None },
            // A standby cannot tell when the transactions began that it replays.
            _ if self.activity.in_recovery => Fence { low: None, ..poll.position.fence.clone() },
            _ => poll.position.fence.clone(),
        }
    }

    /// Transactions that were read before. A full scan looks at everything again.
    fn skip(&self, relation: &Relation, rows: Rows) -> Vec<u32> {
        let seen = self.memory.seen.get(&relation.name).filter(|_| rows == Rows::Cursor);
        seen.map_or_else(Vec::new, SeenXids::to_vec)
    }

    fn digests_of(&self, table: &TableToSync, poll: &Poll) -> &[(KeyRange, Option<Digest>)] {
        let digests = self.digests.get(table.name()).filter(|_| poll.compare);
        digests.map_or(&[], Vec::as_slice)
    }

    /// What was written and deleted since: as recorded by triggers, as polled, or both; and what a comparison of keys found.
    #[expect(clippy::too_many_arguments, reason = "what is read, and where what was read is put")]
    async fn poll(
        &self,
        sessions: &mut Sessions,
        table: &TableToSync,
        relation: &Relation,
        poll: &Poll,
        answers: Answers,
        seen: &mut SeenXids,
        changes: &mut Vec<Batch>,
    ) -> Result<ChangeSet> {
        let since = poll.position.since();
        if poll.versions {
            let columns = relation.schema.travelling().into_iter().chain(version_columns()).collect();
            let versions = audit::versions(relation, &since)?;
            changes.extend(self.transfer(sessions, &versions, relation, BatchKind::Versions, columns, drop).await?);
        }
        if poll.deletes {
            let deletes = audit::deletes(relation, &since)?;
            let key = relation.schema.key_columns().map(SourceColumn::column).collect();
            changes.extend(self.transfer(sessions, &deletes, relation, BatchKind::Deletes, key, drop).await?);
        }
        if let Some(rows) = poll.rows
            && answers.rows.transpose()?.is_none_or(|answer| answer.as_deref() == Some("true"))
        {
            let skip = self.skip(relation, rows);
            let query = query::changes(relation, &self.since(poll, rows), &self.snapshot, self.config.overlap, &skip);
            let columns = relation.schema.travelling();
            let record = |xid| seen.record(xid, &self.snapshot);
            changes.extend(self.transfer(sessions, &query, relation, BatchKind::Changes, columns, record).await?);
        }
        let (comparison, present) = self.compare_keys(sessions, table, relation, poll, answers.digests).await?;
        changes.extend(present);
        let changes = std::mem::take(changes);
        let scanned =
            (poll.rows == Some(Rows::FullScan)).then(|| FullScan { xmin: self.snapshot.xmin, at: Utc::now() });
        let progress = self.ledger.table(table.name()).and_then(|known| known.bootstrap.as_ref());
        let (payload, full_scan) = match progress.filter(|_| poll.bootstrapped) {
            Some(progress) => (
                Payload::Bootstrap { files: progress.files.clone(), rewritten: progress.rewritten, changes },
                // A bootstrap is as good as a full scan.
                Some(FullScan { xmin: poll.position.fence.xmin, at: Utc::now() }),
            ),
            None => (
                Payload::Delta { schema_change: poll.schema_change.clone(), changes, comparison },
                scanned.or(poll.position.full_scan.clone()),
            ),
        };
        Ok(self.set(table, relation, full_scan, payload))
    }

    /// The ranges of keys that differ from the lake's, and the source's keys in them.
    async fn compare_keys(
        &self,
        sessions: &mut Sessions,
        table: &TableToSync,
        relation: &Relation,
        poll: &Poll,
        answers: Vec<Result<Option<String>>>,
    ) -> Result<(Option<Comparison>, Vec<Batch>)> {
        let digests = self.digests_of(table, poll);
        if digests.is_empty() {
            return Ok((None, Vec::new()));
        }
        let mut answers = answers.into_iter();
        let mut differing = Vec::new();
        for (range, in_lake) in digests {
            let same = match in_lake {
                Some(in_lake) => {
                    let answer = answers.next().transpose()?.flatten();
                    keys::parse(answer.as_deref())? == *in_lake
                }
                None => false,
            };
            if !same {
                differing.push(range.clone());
            }
        }
        let before = self.ledger.table(table.name()).and_then(|known| known.comparison.as_ref());
        let begun = before.filter(|before| before.next_key.is_some()).map_or_else(Utc::now, |before| before.begun);
        let next_key = digests.last().and_then(|(range, _)| range.to.clone());
        let comparison = Comparison { progress: ComparisonProgress { begun, next_key }, differing };
        if comparison.differing.is_empty() {
            return Ok((Some(comparison), Vec::new()));
        }
        let key = relation.schema.key_columns().map(SourceColumn::column).collect();
        let query = keys::keys(relation, &comparison.differing);
        let present = self.transfer(sessions, &query, relation, BatchKind::Present, key, drop).await?;
        Ok((Some(comparison), present))
    }

    /// A relation whose rows do not tell when they were written: all of them, in place of the lake's.
    async fn read_in_full(
        &self,
        sessions: &mut Sessions,
        table: &TableToSync,
        relation: &Relation,
    ) -> Result<ChangeSet> {
        let columns = relation.schema.travelling();
        let query = query::everything(relation);
        let files = self.transfer(sessions, &query, relation, BatchKind::Bootstrap, columns, drop).await?;
        Ok(self.set(table, relation, None, Payload::FullRead { files }))
    }

    /// One table's rows under the cycle's snapshot.
    async fn transfer(
        &self,
        sessions: &mut Sessions,
        query: &str,
        relation: &Relation,
        kind: BatchKind,
        columns: Vec<Column>,
        row_xid: impl FnMut(u32),
    ) -> Result<Vec<Batch>> {
        let sink = sink(self.config, relation, kind, columns, prefix(self.id, kind, None));
        let (shutdown, single) = (self.shutdown, sessions.is_single());
        sessions
            .read(async move |reader: &mut Connection| {
                if single {
                    read::rehearse(reader, query).await?;
                }
                transfer(reader, query, sink, shutdown, row_xid, drop).await
            })
            .await
    }

    fn set(
        &self,
        table: &TableToSync,
        relation: &Relation,
        full_scan: Option<FullScan>,
        payload: Payload,
    ) -> ChangeSet {
        let low = match relation.cursor {
            Cursor::Full => None,
            Cursor::Column { .. } | Cursor::Xmin => self.horizon.low.clone(),
        };
        ChangeSet {
            cycle: self.id.to_owned(),
            table: table.name().clone(),
            lake: table.lake.clone(),
            cursor: relation.cursor.name().to_owned(),
            deletes: table.deletes_by(),
            schema: relation.schema.clone(),
            position: Position {
                fence: Fence { xmin: self.snapshot.xmin, low },
                snapshot: self.snapshot.text.clone(),
                as_of: self.activity.now.clone(),
                full_scan,
                audit: table.fingerprint(),
            },
            payload,
        }
    }
}

/// What one table answered.
#[derive(Default)]
struct Answers {
    /// Whether any row was written; `None` where that was not asked.
    rows: Option<Result<Option<String>>>,
    digests: Vec<Result<Option<String>>>,
}

fn held_back(activity: &Activity) -> Option<String> {
    if activity.in_recovery {
        return Some(
            "the source is a standby, where open transactions are invisible: every poll reads by xmin alone".into(),
        );
    }
    (!activity.sees_all).then(|| {
        let now = if activity.hidden_sessions > 0 { " (as now)" } else { "" };
        format!(
            "without pg_read_all_stats the range that polls read cannot shrink while a transaction of another role is \
             open{now}: correct, but dearer for the source; to avoid it: GRANT pg_read_all_stats TO your_role"
        )
    })
}
