//! `_pg2duck`: what the lake knows of itself. Written in the transaction that applies a cycle, so that it never lies.
//!
//! `_pg2duck.batches` has one row per applied Parquet file, `_pg2duck.sync` one row per table, for BI tools to show
//! freshness and for us to find where this copy of the file stands.

use super::{Lake, failure, rejects, staging};
use crate::error::Result;
use crate::model::sql::literal;
use crate::model::{ChangeSet, Counts, Freshness, SyncRow, TableName};
use duckdb::params;

/// Rows of `_pg2duck.batches` older than this are history that nobody reads.
const KEEP_DAYS: u32 = 30;

const TABLES: &str = "
    CREATE SCHEMA IF NOT EXISTS _pg2duck;
    CREATE TABLE IF NOT EXISTS _pg2duck.batches (
        cycle VARCHAR NOT NULL, source_schema VARCHAR NOT NULL, source_table VARCHAR NOT NULL, file VARCHAR NOT NULL,
        kind VARCHAR NOT NULL, rows BIGINT NOT NULL, applied_at TIMESTAMPTZ NOT NULL);
    CREATE TABLE IF NOT EXISTS _pg2duck.sync (
        source_schema VARCHAR NOT NULL, source_table VARCHAR NOT NULL,
        lake_schema VARCHAR NOT NULL, lake_table VARCHAR NOT NULL,
        mode VARCHAR NOT NULL, cursor_column VARCHAR NOT NULL, rows BIGINT NOT NULL,
        as_of TIMESTAMPTZ NOT NULL, lag_seconds DOUBLE NOT NULL, synced_at TIMESTAMPTZ NOT NULL, last_error VARCHAR,
        cycle VARCHAR NOT NULL, cursor JSON NOT NULL, snapshot VARCHAR NOT NULL);
";

impl Lake {
    /// Creates the metadata tables where they are missing.
    pub fn prepare_metadata(&self) -> Result<()> {
        self.execute("prepare the lake's _pg2duck schema", &[TABLES, rejects::TABLE, staging::TABLE].concat())
    }

    /// Where this file stands, per table; empty for a file that we never wrote.
    pub fn sync_rows(&self) -> Result<Vec<SyncRow>> {
        if !self.has_relation(&TableName::new("_pg2duck", "sync"))? {
            return Ok(Vec::new());
        }
        self.sync_rows_where("true")
    }

    /// The rows that speak of the source table, or of whatever holds its place in the lake.
    pub(super) fn sync_rows_about(&self, set: &ChangeSet) -> Result<Vec<SyncRow>> {
        let (source, lake) = (&set.table, &set.lake);
        self.sync_rows_where(&format!(
            "(source_schema, source_table) = ({}, {}) OR (lower(lake_schema), lower(lake_table)) = (lower({}), lower({}))",
            literal(&source.schema),
            literal(&source.table),
            literal(&lake.schema),
            literal(&lake.table)
        ))
    }

    fn sync_rows_where(&self, condition: &str) -> Result<Vec<SyncRow>> {
        let read = || -> Result<Vec<SyncRow>, duckdb::Error> {
            let mut statement = self.db.prepare(&format!(
                "SELECT source_schema, source_table, lake_schema, lake_table, cycle, mode FROM _pg2duck.sync \
                 WHERE {condition}"
            ))?;
            let rows = statement.query_map([], |row| {
                Ok(SyncRow {
                    source: TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?),
                    lake: TableName::new(row.get::<_, String>(2)?, row.get::<_, String>(3)?),
                    cycle: row.get(4)?,
                    mode: row.get(5)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| failure("read _pg2duck.sync", &error))
    }

    /// Records an applied cycle of one table; part of the transaction that applied it. Returns what the table holds.
    pub(super) fn record(&self, set: &ChangeSet, cursor_column: &str) -> Result<Counts> {
        let counts = Counts { rows: self.count(&set.lake)?, rejects: self.count_rejects(set)? };
        let cursor = serde_json::to_string(&set.position.fence).unwrap_or_default();
        let (source, lake) = (&set.table, &set.lake);
        let write = || -> Result<(), duckdb::Error> {
            self.db.execute(
                "DELETE FROM _pg2duck.sync WHERE source_schema = ? AND source_table = ?",
                params![source.schema, source.table],
            )?;
            self.db.execute(
                "INSERT INTO _pg2duck.sync SELECT ?, ?, ?, ?, ?, ?, ?, as_of, \
                     greatest(0, epoch(now()) - epoch(as_of)), now(), NULL, ?, ?, ? FROM (SELECT ?::TIMESTAMPTZ AS as_of)",
                params![
                    source.schema,
                    source.table,
                    lake.schema,
                    lake.table,
                    set.schema.mode.name(),
                    cursor_column,
                    counts.rows,
                    set.cycle,
                    cursor,
                    set.position.snapshot,
                    format!("{}+00", set.position.as_of)
                ],
            )?;
            let mut insert = self.db.prepare("INSERT INTO _pg2duck.batches VALUES (?, ?, ?, ?, ?, ?, now())")?;
            for batch in set.batches() {
                let kind = batch.kind.name();
                let file = batch.path.to_string_lossy();
                insert.execute(params![set.cycle, source.schema, source.table, file, kind, batch.rows])?;
            }
            Ok(())
        };
        write().map_err(|error| failure(format!("record cycle {} of {source}", set.cycle), &error))?;
        Ok(counts)
    }

    /// Brings every table's freshness up to date: a table that nothing happened to is as fresh as the others.
    pub fn refresh(&self, tables: &[Freshness]) -> Result<()> {
        let write = || -> Result<(), duckdb::Error> {
            self.db.execute_batch("BEGIN")?;
            let mut update = self.db.prepare(
                "UPDATE _pg2duck.sync SET as_of = fresh.as_of, snapshot = fresh.snapshot, last_error = fresh.error, \
                     lag_seconds = greatest(0, epoch(now()) - epoch(fresh.as_of)), synced_at = now() \
                 FROM (SELECT ?::TIMESTAMPTZ AS as_of, ?::VARCHAR AS snapshot, ?::VARCHAR AS error) AS fresh \
                 WHERE source_schema = ? AND source_table = ?",
            )?;
            for Freshness { source, as_of, snapshot, error } in tables {
                update.execute(params![format!("{as_of}+00"), snapshot, error, source.schema, source.table])?;
            }
            self.db.execute_batch("COMMIT")
        };
        write().map_err(|error| {
            // The transaction may not even have begun.
            let _ = self.db.execute_batch("ROLLBACK");
            failure("refresh _pg2duck.sync", &error)
        })
    }

    /// Forgets records of batches applied long ago.
    pub fn prune_batches(&self) -> Result<()> {
        self.execute(
            "prune _pg2duck.batches",
            &format!("DELETE FROM _pg2duck.batches WHERE applied_at < now() - INTERVAL {KEEP_DAYS} DAY"),
        )
    }
}
