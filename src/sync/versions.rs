//! Reads what stood in rows that triggers recorded, in the order of recording and by the shape that the table had at the time.

use super::cleanup;
use super::extract::Inputs;
use super::plan::Versions;
use super::read::{Polled, Reading, SoFar};
use super::sink::sink;
use crate::error::{Error, Result};
use crate::model::{Batch, BatchKind, Earlier, TableSchema, version_columns};
use crate::parquet::write::FileNames;
use crate::source::shapes::{Known, Run, Shape, runs};
use crate::source::versions::Recorded;
use crate::source::{Connection, Relation, Sessions};
use std::borrow::Cow;

impl Reading<'_> {
    /// Into `so_far`: under earlier shapes first, then what was recorded under the present one.
    ///
    /// A table that was just copied goes on without them where they cannot be read: its rows are right without. Another one is copied
    /// afresh then, unless all is as it was.
    pub(super) async fn versions(
        &self,
        sessions: &mut Sessions,
        one: Polled<'_>,
        versions: &Versions,
        so_far: &mut SoFar,
    ) -> Result<()> {
        let Polled { table, poll, .. } = one;
        if let Some(why) = &versions.why {
            tracing::info!(table = %table.name(), "copied afresh; {why}");
        }
        match self.every_run(sessions, one, versions, so_far).await {
            Err(error) if poll.bootstrapped && error.is_lasting() => {
                tracing::warn!(
                    table = %table.name(), since = %versions.since.snapshot, %error,
                    "what triggers recorded before the table was copied afresh cannot be read: those versions are not in the lake"
                );
                let read: Vec<Batch> = so_far.batches().cloned().collect();
                cleanup::discard(self.inputs.config, &read);
                so_far.earlier.clear();
                so_far.changes.clear();
                Ok(())
            }
            outcome => outcome,
        }
    }

    async fn every_run(
        &self,
        sessions: &mut Sessions,
        one: Polled<'_>,
        versions: &Versions,
        so_far: &mut SoFar,
    ) -> Result<()> {
        if !versions.reshaped {
            so_far.changes.extend(self.run(sessions, one, versions, None, None).await?);
            return Ok(());
        }
        let runs = self.runs(sessions, one, versions).await?;
        for (number, run) in (1..).zip(&runs) {
            let shape = match &run.shape {
                Shape::Present => None,
                Shape::Earlier(schema) => Some(schema.as_ref()),
                Shape::Unknown if !one.poll.bootstrapped => {
                    return Err(Error::table("the shape of recorded rows is not known").lasting());
                }
                Shape::Unknown => {
                    tracing::warn!(
                        table = %one.table.name(), first = run.first, last = run.last,
                        "the shape of recorded rows is not known: those versions are not in the lake"
                    );
                    continue;
                }
            };
            let files = self.run(sessions, one, versions, Some((number, run)), shape).await?;
            match shape {
                // The last of all comes with what the table is now.
                None if number as usize == runs.len() => so_far.changes.extend(files),
                _ if files.is_empty() => {}
                shape => {
                    let schema = shape.unwrap_or(&one.relation.schema).clone();
                    so_far.earlier.push(Earlier { schema, files });
                }
            }
        }
        Ok(())
    }

    /// The rows of one run; all of them for `None`.
    async fn run(
        &self,
        sessions: &mut Sessions,
        one: Polled<'_>,
        versions: &Versions,
        run: Option<(u64, &Run)>,
        shape: Option<&TableSchema>,
    ) -> Result<Vec<Batch>> {
        let Polled { table, relation, .. } = one;
        let between = run.map(|(_, run)| (run.first, run.last));
        let recorded = Recorded { since: &versions.since, former: &versions.former, between, shape };
        let query = match table.keeps_versions() {
            true => recorded.every(relation)?,
            // What takes a copy may have taken rows.
            false => recorded.last(relation, one.poll.bootstrapped)?,
        };
        let then = match shape {
            None => Cow::Borrowed(relation),
            Some(schema) => Cow::Owned(Relation { schema: schema.clone(), ..relation.clone() }),
        };
        let columns = then.schema.travelling().into_iter().chain(version_columns()).collect();
        let kind = BatchKind::Versions;
        let Inputs { id, config, ledger, .. } = self.inputs;
        let names = FileNames::new(id, kind, run.map(|(number, _)| number), &ledger.source.owner);
        self.transfer_into(sessions, &query, sink(config, &then, kind, columns, names), drop).await
    }

    async fn runs(&self, sessions: &mut Sessions, one: Polled<'_>, versions: &Versions) -> Result<Vec<Run>> {
        let Polled { table, relation, .. } = one;
        let name = table.name();
        let waiting = self.inputs.ledger.waiting.get(name).map(|waiting| &waiting.newest.schema);
        let lake = waiting.or(self.inputs.ledger.table(name).and_then(|known| known.schema.as_ref()));
        let lake =
            lake.ok_or_else(|| Error::internal(format!("read versions of {name}: the lake does not have it")))?;
        let settings = self.inputs.config.tables.of(name);
        let known = Known { relation, lake, settings: &settings, shapeless: versions.shapeless };
        let recorded = Recorded { since: &versions.since, former: &versions.former, between: None, shape: None };
        sessions.read(async |reader: &mut Connection| runs(reader, known, recorded).await).await
    }
}
