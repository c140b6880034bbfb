//! Reads one table under the cycle's snapshot, and makes a change set of what it finds.

use super::extract::Inputs;
use super::plan::{Poll, Rows};
use super::questions::Answers;
use super::seen::SeenXids;
use super::sink::sink;
use super::table::TableToSync;
use super::transfer::transfer;
use crate::error::Result;
use crate::lake::key::not_unique;
use crate::model::change_set::Comparison;
use crate::model::{
    Activity, Batch, BatchKind, ChangeSet, Column, ComparisonProgress, Cursor, Earlier, Fence, FullScan, Horizon,
    Payload, Position, Snapshot, SourceColumn,
};
use crate::parquet::ParquetSink;
use crate::parquet::write::FileNames;
use crate::source::{Connection, Relation, Sessions, audit, keys, query};
use chrono::Utc;

/// What all tables of a cycle are read with.
pub struct Reading<'a> {
    pub inputs: Inputs<'a>,
    pub snapshot: Snapshot,
    /// What was going on just before the snapshot.
    pub activity: Activity,
    pub horizon: Horizon,
}

/// A table that is polled.
#[derive(Clone, Copy)]
pub struct Polled<'a> {
    pub table: &'a TableToSync,
    pub relation: &'a Relation,
    pub poll: &'a Poll,
}

/// What was read of a table so far: garbage, should the rest fail.
#[derive(Default)]
pub struct SoFar {
    /// Transactions of which all rows were read.
    pub seen: SeenXids,
    /// Under earlier shapes of the table.
    pub earlier: Vec<Earlier>,
    pub changes: Vec<Batch>,
}

impl SoFar {
    /// All files.
    pub fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.earlier.iter().flat_map(|earlier| &earlier.files).chain(&self.changes)
    }
}

impl Reading<'_> {
    /// What was written and deleted since: as recorded by triggers, as polled, or both; and what a comparison of keys found.
    pub(super) async fn poll(
        &self,
        sessions: &mut Sessions,
        one: Polled<'_>,
        answers: Answers,
        so_far: &mut SoFar,
    ) -> Result<ChangeSet> {
        let Polled { table, relation, poll } = one;
        if let Some(lack) = table.lack().filter(|_| poll.position.audit.is_some()) {
            tracing::warn!(table = %table.name(), "its triggers are not relied on: {lack}; repair them with: pg2duck setup");
        }
        if let Some(versions) = &poll.versions {
            self.versions(sessions, one, versions, so_far).await?;
        }
        let SoFar { seen, earlier, changes } = so_far;
        if poll.deletes {
            let deletes = audit::deletes(relation, &poll.position.since(), &poll.key)?;
            let key = relation.schema.key_columns().map(SourceColumn::column).collect();
            changes.extend(self.transfer(sessions, &deletes, relation, BatchKind::Deletes, key, drop).await?);
        }
        let (comparison, present) = self.compare_keys(sessions, one, answers.digests).await?;
        let repaired =
            comparison.as_ref().filter(|comparison| comparison.repairs).map_or(&[][..], |all| &all.differing);
        let any = answers.rows.transpose()?.is_none_or(|answer| answer.as_deref() == Some("true"));
        let rows = poll.rows.filter(|_| any);
        let wanted =
            rows.map(|rows| self.written(relation, poll, rows)).into_iter().chain(keys::within(relation, repaired));
        let wanted: Vec<String> = wanted.collect();
        if !wanted.is_empty() {
            let query = query::rows(relation, &wanted);
            let columns = relation.schema.travelling();
            let record = |xid| seen.record(xid, &self.snapshot);
            changes.extend(self.transfer(sessions, &query, relation, BatchKind::Changes, columns, record).await?);
            if !relation.schema.key_proven && !changes.is_empty() {
                self.refuse_repeated_keys(sessions, relation, &wanted).await?;
            }
        }
        changes.extend(present);
        let (earlier, changes) = (std::mem::take(earlier), std::mem::take(changes));
        let scanned =
            (poll.rows == Some(Rows::FullScan)).then(|| FullScan { xmin: self.snapshot.xmin, at: Utc::now() });
        let progress = self.inputs.ledger.table(table.name()).and_then(|known| known.bootstrap.as_ref());
        let (payload, full_scan) = match progress.filter(|_| poll.bootstrapped) {
            Some(progress) => (
                Payload::Bootstrap { files: progress.files.clone(), rewritten: progress.rewritten, changes },
                // A bootstrap is as good as a full scan.
                Some(FullScan { xmin: poll.position.fence.xmin, at: Utc::now() }),
            ),
            None => (
                Payload::Delta { schema_changed: poll.schema_changed, changes, comparison },
                scanned.or(poll.position.full_scan.clone()),
            ),
        };
        Ok(self.set(table, relation, full_scan, earlier, payload))
    }

    /// Nothing but the source itself tells whether a key that somebody named is one. Of rows that came to stand beside others with the
    /// same key, a poll reads the new ones only.
    async fn refuse_repeated_keys(
        &self,
        sessions: &mut Sessions,
        relation: &Relation,
        wanted: &[String],
    ) -> Result<()> {
        let query = keys::repeated(relation, wanted);
        let repeats = sessions.read(async |reader: &mut Connection| reader.one::<bool>(&query, 0).await).await?;
        match repeats {
            true => Err(not_unique(&format!("read {}", relation.name), &relation.name, &relation.schema)),
            false => Ok(()),
        }
    }

    /// The ranges of keys that differ from the lake's, and the source's keys in them.
    async fn compare_keys(
        &self,
        sessions: &mut Sessions,
        one: Polled<'_>,
        answers: Vec<Result<Option<String>>>,
    ) -> Result<(Option<Comparison>, Vec<Batch>)> {
        let Polled { table, relation, poll } = one;
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
        let before = self.inputs.ledger.table(table.name()).and_then(|known| known.comparison.as_ref());
        let begun = before.filter(|before| before.next_key.is_some()).map_or_else(Utc::now, |before| before.begun);
        let next_key = digests.last().and_then(|(range, _)| range.to.clone());
        let repairs = before.is_some_and(|before| before.repairs);
        let progress = ComparisonProgress { begun, repairs: repairs && next_key.is_some(), next_key };
        let comparison = Comparison { progress, differing, repairs };
        if comparison.differing.is_empty() {
            return Ok((Some(comparison), Vec::new()));
        }
        let key = relation.schema.key_columns().map(SourceColumn::column).collect();
        let query = keys::keys(relation, &comparison.differing);
        let present = self.transfer(sessions, &query, relation, BatchKind::Present, key, drop).await?;
        Ok((Some(comparison), present))
    }

    /// A relation whose rows do not tell when they were written: all of them, in place of the lake's.
    pub(super) async fn read_in_full(
        &self,
        sessions: &mut Sessions,
        table: &TableToSync,
        relation: &Relation,
    ) -> Result<ChangeSet> {
        let columns = relation.schema.travelling();
        let query = query::everything(relation);
        let files = self.transfer(sessions, &query, relation, BatchKind::Bootstrap, columns, drop).await?;
        Ok(self.set(table, relation, None, Vec::new(), Payload::FullRead { files }))
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
        let Inputs { id, config, ledger, .. } = self.inputs;
        let names = FileNames::new(id, kind, None, &ledger.source.owner);
        let sink = sink(config, relation, kind, columns, names);
        self.transfer_into(sessions, query, sink, row_xid).await
    }

    /// The same, with files of these names.
    pub(super) async fn transfer_into(
        &self,
        sessions: &mut Sessions,
        query: &str,
        sink: ParquetSink,
        row_xid: impl FnMut(u32),
    ) -> Result<Vec<Batch>> {
        let shutdown = self.inputs.shutdown;
        // One that failed last time is not waited for again.
        let hurry = if self.is_suspect(&sink.table) { sessions.hurry() } else { None };
        sessions
            .read(async move |reader: &mut Connection| {
                if let Some(hurry) = hurry {
                    reader.execute(&hurry).await?;
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
        earlier: Vec<Earlier>,
        payload: Payload,
    ) -> ChangeSet {
        let low = match relation.cursor {
            Cursor::Full => None,
            Cursor::Column { .. } | Cursor::Xmin => self.horizon.low.clone(),
        };
        ChangeSet {
            cycle: self.inputs.id.to_owned(),
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
            earlier,
            origin: None,
            succeeds: Vec::new(),
            drops_history: false,
            former: None,
            payload,
        }
    }
}
