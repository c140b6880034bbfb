//! Extracted cycles on their way to the lake. They are durable as Parquet; here stands which files they are and where the
//! cursor goes once the lake has them.
//!
//! While a reader holds the lake for hours the queue may grow long, so a cycle looks at its ends only.

use super::{DiffProgress, Failure, Pending, SourceState, State, archive, move_cursor, save_source, save_table, table};
use crate::error::Result;
use crate::frame::parquet::Batch;
use crate::lake::Counts;
use crate::names::TableName;
use rusqlite::{OptionalExtension, Transaction, params};

impl State {
    fn sync_commits(&mut self, synced: bool) -> Result<()> {
        let level = if synced { "FULL" } else { "NORMAL" };
        self.db.pragma_update(None, "synchronous", level).map_err(|error| super::damaged(&self.path, &error))
    }

    /// All that waits, oldest first.
    pub fn pending(&mut self) -> Result<Vec<Pending>> {
        self.run(|db| bodies(db, "SELECT body FROM pending ORDER BY cycle, schema, name", []))
    }

    /// The oldest cycle that waits and is newer than `after`: all its tables, or nothing.
    pub fn next_cycle(&mut self, after: &str) -> Result<Vec<Pending>> {
        self.run(|db| {
            let sql = "SELECT body FROM pending WHERE cycle = (SELECT min(cycle) FROM pending WHERE cycle > ?1)";
            bodies(db, &format!("{sql} ORDER BY schema, name"), [after])
        })
    }

    /// What waits of this table, up to and including this cycle, oldest first; nothing if that cycle does not wait.
    pub fn pending_through(&mut self, table: &TableName, cycle: &str) -> Result<Vec<Pending>> {
        self.run(|db| {
            let sql = "SELECT body FROM pending WHERE schema = ?1 AND name = ?2 AND cycle <= ?3 ORDER BY cycle";
            let waiting = bodies(db, sql, [&table.schema, &table.table, cycle])?;
            Ok(if waiting.last().is_some_and(|last| last.cycle == cycle) { waiting } else { Vec::new() })
        })
    }

    /// The newest that waits of this table.
    pub fn last_pending(&mut self, table: &TableName) -> Result<Option<Pending>> {
        self.run(|db| last(db, table))
    }

    /// Tables whose rows wait for the lake.
    pub fn waiting_tables(&mut self) -> Result<Vec<TableName>> {
        self.run(|db| {
            let mut statement = db.prepare("SELECT DISTINCT schema, name FROM pending WHERE has_work")?;
            let names = statement
                .query_map([], |row| Ok(TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
            Ok(names.collect::<Result<_, _>>()?)
        })
    }

    /// Notes one extracted cycle: its batches are durable, and wait for the lake.
    ///
    /// A table without new rows only moves on: its cursor, or the newest cycle of it that waits.
    pub fn record_extracted(&mut self, source: &SourceState, extracted: &[Pending]) -> Result<()> {
        // Lost to a power failure after the lake had applied them, they would cost a fresh copy: this commit is synced.
        self.sync_commits(extracted.iter().any(Pending::has_work))?;
        let recorded = self.record(source, extracted);
        self.sync_commits(false)?;
        recorded
    }

    fn record(&mut self, source: &SourceState, extracted: &[Pending]) -> Result<()> {
        self.run(|db| {
            save_source(db, source)?;
            for pending in extracted {
                // A full copy has just shown which keys there are.
                let progress = match pending.bootstrap {
                    true => Some(DiffProgress { begun: chrono::Utc::now(), position: None }),
                    false => pending.diff_progress.clone(),
                };
                if let Some(progress) = progress {
                    let mut table = table(db, &pending.table)?;
                    table.diff = Some(progress);
                    save_table(db, &pending.table, &table)?;
                }
                match last(db, &pending.table)? {
                    None if !pending.has_work() => move_cursor(db, pending, None)?,
                    Some(last) if !pending.has_work() && last.layout == pending.layout => {
                        let swept = pending.swept.clone().or(last.swept.clone());
                        let later = pending.clone();
                        insert(
                            db,
                            &Pending {
                                fence: later.fence,
                                as_of: later.as_of,
                                snapshot: later.snapshot,
                                swept,
                                ..last
                            },
                        )?;
                    }
                    _ => insert(db, pending)?,
                }
            }
            Ok(())
        })
    }

    /// Notes that the lake holds this cycle of this table, and `counts` now: the cursor moves.
    pub fn record_applied(&mut self, pending: &Pending, counts: Option<Counts>) -> Result<()> {
        self.run(|db| {
            move_cursor(db, pending, counts)?;
            db.execute(
                "DELETE FROM pending WHERE cycle = ?1 AND schema = ?2 AND name = ?3",
                params![pending.cycle, pending.table.schema, pending.table.table],
            )?;
            archive::applied(db, pending)
        })
    }

    /// Forgets extracted cycles of this table; returns their files, which are garbage now.
    pub fn drop_pending(&mut self, table: &TableName) -> Result<Vec<Batch>> {
        self.run(|db| {
            let dropped = bodies(
                db,
                "DELETE FROM pending WHERE schema = ?1 AND name = ?2 RETURNING body",
                params![table.schema, table.table],
            )?;
            Ok(dropped.into_iter().flat_map(|pending| pending.batches).collect())
        })
    }
}

fn last(db: &Transaction<'_>, table: &TableName) -> Result<Option<Pending>, Failure> {
    let body: Option<String> = db
        .query_row(
            "SELECT body FROM pending WHERE schema = ?1 AND name = ?2 ORDER BY cycle DESC LIMIT 1",
            params![table.schema, table.table],
            |row| row.get(0),
        )
        .optional()?;
    Ok(body.map(|body| serde_json::from_str(&body)).transpose()?)
}

fn bodies(db: &Transaction<'_>, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<Pending>, Failure> {
    let mut statement = db.prepare(sql)?;
    let bodies = statement.query_map(parameters, |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(bodies.iter().map(|body| serde_json::from_str(body)).collect::<Result<_, _>>()?)
}

fn insert(db: &Transaction<'_>, pending: &Pending) -> Result<(), Failure> {
    let (table, body) = (&pending.table, serde_json::to_string(pending)?);
    db.execute(
        "INSERT OR REPLACE INTO pending (cycle, schema, name, has_work, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![pending.cycle, table.schema, table.table, pending.has_work(), body],
    )?;
    Ok(())
}
