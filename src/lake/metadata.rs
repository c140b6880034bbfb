//! `_pg2duck`: what the lake knows of itself. Written in the transaction that applies a cycle, so that it never lies.
//!
//! `_pg2duck.batches` has one row per applied Parquet file, `_pg2duck.sync` one row per table, for BI tools to show
//! freshness and for us to find where this copy of the file stands.

use super::file::CATALOG;
use super::table::ours;
use super::{Lake, columns, indexes, rejects, staging};
use crate::error::{Error, Result};
use crate::model::sql::{Ident, Lit, Sql};
use crate::model::{Batch, ChangeSet, Counts, SyncRow, TableName};
use crate::sql;

/// Rows of `_pg2duck.batches` older than this are history that nobody reads.
const KEEP_DAYS: u32 = 30;
/// Rows of one statement, for a statement of sane length.
pub(super) const AT_ONCE: usize = 1_000;

fn tables() -> Sql {
    let own = sql!(
        "CREATE SCHEMA IF NOT EXISTS {catalog}._pg2duck;
        CREATE TABLE IF NOT EXISTS {batches} (
            cycle VARCHAR NOT NULL, source_schema VARCHAR NOT NULL, source_table VARCHAR NOT NULL, file VARCHAR NOT NULL,
            kind VARCHAR NOT NULL, rows BIGINT NOT NULL, applied_at TIMESTAMPTZ NOT NULL, lake_schema VARCHAR, lake_table VARCHAR);
        CREATE TABLE IF NOT EXISTS {sync} (
            source_schema VARCHAR NOT NULL, source_table VARCHAR NOT NULL,
            lake_schema VARCHAR NOT NULL, lake_table VARCHAR NOT NULL,
            mode VARCHAR NOT NULL, cursor_column VARCHAR NOT NULL, rows BIGINT NOT NULL,
            as_of TIMESTAMPTZ, lag_seconds DOUBLE, synced_at TIMESTAMPTZ, last_error VARCHAR,
            cycle VARCHAR NOT NULL, cursor JSON NOT NULL, snapshot VARCHAR NOT NULL, origin VARCHAR);",
        catalog = CATALOG,
        batches = ours("batches"),
        sync = ours("sync")
    );
    Sql::join([own, columns::table(), rejects::table(), staging::table(), indexes::table()], "\n")
}

/// What an earlier version wrote goes by the source's name alone, which was that of one table in the whole lake.
fn name_lake_table(table: &'static str) -> Sql {
    sql!(
        "ALTER TABLE {table} ADD COLUMN lake_schema VARCHAR; ALTER TABLE {table} ADD COLUMN lake_table VARCHAR; \
         UPDATE {table} AS own SET lake_schema = sync.lake_schema, lake_table = sync.lake_table FROM {sync} AS sync \
         WHERE sync.as_of IS NOT NULL AND (own.source_schema, own.source_table) = (sync.source_schema, sync.source_table)",
        table = ours(table),
        sync = ours("sync")
    )
}

/// The rows of `_pg2duck` that speak of what the lake holds under this name: two databases may both have a table of the source's.
pub(super) fn of_lake_table(lake: &TableName) -> Sql {
    sql!("lower(lake_schema) = lower({}) AND lower(lake_table) = lower({})", Lit(&lake.schema), Lit(&lake.table))
}

/// The rows that speak of what this database brought.
pub(super) fn of_origin(origin: Option<&String>, succeeds: &[String]) -> Sql {
    let Some(own) = origin else { return Sql::fixed("true") };
    let known = succeeds.iter().chain([own]).map(|origin| sql!("{}", Lit(origin)));
    sql!("coalesce(origin, {}) IN ({})", Lit(own), Sql::join(known, ", "))
}

/// The rows that speak of the set's source table, under this name.
pub(super) fn of_source(set: &ChangeSet, name: &TableName) -> Sql {
    let own = of_origin(set.origin.as_ref(), &set.succeeds);
    sql!("(source_schema, source_table) = ({}) AND {}", texts([&name.schema, &name.table]), own)
}

impl Lake {
    /// Creates the metadata tables where they are missing, and brings those of earlier versions up to date. Once is enough.
    pub fn prepare_metadata(&self) -> Result<()> {
        match self.prepared.get() {
            true => Ok(()),
            false => self.bring_metadata_up_to_date().inspect(|()| self.prepared.set(true)),
        }
    }

    fn bring_metadata_up_to_date(&self) -> Result<()> {
        let operation = "prepare the lake's _pg2duck schema";
        self.execute(operation, &tables())?;
        // What an earlier version made does not say whose a table is, nor has room for one that was never copied.
        let columns = self.columns(&TableName::new("_pg2duck", "sync"))?;
        let alter = |rest: Sql| self.execute(operation, &sql!("ALTER TABLE {} {}", ours("sync"), rest));
        if !columns.iter().any(|column| column.name == "origin") {
            alter(Sql::fixed("ADD COLUMN origin VARCHAR"))?;
        }
        if !self.columns(&TableName::new("_pg2duck", "rejects"))?.iter().any(|column| column.name == "missing_key") {
            self.execute(operation, &rejects::upgrade())?;
        }
        for table in ["columns", "rejects", "batches"] {
            if !self.columns(&TableName::new("_pg2duck", table))?.iter().any(|column| column.name == "lake_table") {
                self.in_one(operation, [name_lake_table(table)])?;
            }
        }
        if !self.columns(&TableName::new("_pg2duck", "staging"))?.iter().any(|column| column.name == "origin") {
            self.execute(operation, &sql!("ALTER TABLE {} ADD COLUMN origin VARCHAR", ours("staging")))?;
        }
        let required = sql!(
            "SELECT name FROM pragma_table_info({}) WHERE \"notnull\" AND name IN ('as_of', 'lag_seconds', 'synced_at')",
            Lit(ours("sync").as_str())
        );
        let required = self.rows(operation, &required, |row| row.get::<_, String>(0))?;
        required.iter().try_for_each(|name| alter(sql!("ALTER COLUMN {} DROP NOT NULL", Ident(name))))
    }

    /// Where this file stands, per table that it holds; empty for a file that we never wrote.
    pub fn sync_rows(&self) -> Result<Vec<SyncRow>> {
        if !self.has_relation(&TableName::new("_pg2duck", "sync"))? {
            return Ok(Vec::new());
        }
        self.sync_rows_where(&Sql::fixed("true"))
    }

    /// The rows that speak of the source table, or of whatever holds its place in the lake.
    pub(super) fn sync_rows_about(&self, set: &ChangeSet) -> Result<Vec<SyncRow>> {
        let (source, lake) = (&set.table, &set.lake);
        self.sync_rows_where(&sql!(
            "(source_schema, source_table) = ({}, {}) OR (lower(lake_schema), lower(lake_table)) = (lower({}), lower({}))",
            Lit(&source.schema),
            Lit(&source.table),
            Lit(&lake.schema),
            Lit(&lake.table)
        ))
    }

    fn sync_rows_where(&self, condition: &Sql) -> Result<Vec<SyncRow>> {
        // As JSON, since what an earlier version made has no `origin`.
        let statement = sql!(
            "SELECT source_schema, source_table, lake_schema, lake_table, cycle, mode, to_json(sync) ->> 'origin', cursor::VARCHAR, \
               snapshot, strftime(as_of AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%f') FROM {} AS sync WHERE as_of IS NOT NULL AND ({})",
            ours("sync"),
            condition
        );
        self.rows("read _pg2duck.sync", &statement, |row| {
            Ok(SyncRow {
                source: TableName::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?),
                lake: TableName::new(row.get::<_, String>(2)?, row.get::<_, String>(3)?),
                cycle: row.get(4)?,
                mode: row.get(5)?,
                origin: row.get(6)?,
                // Unreadable: then it is not known up to where it was read.
                fence: serde_json::from_str(&row.get::<_, String>(7)?).ok(),
                snapshot: row.get(8)?,
                as_of: row.get(9)?,
            })
        })
    }

    /// Records an applied change set; part of the transaction that applied it. Returns what the table holds.
    pub(super) fn record(&self, set: &ChangeSet) -> Result<Counts> {
        let counts = Counts { rows: self.count(&set.lake)?, rejects: self.count_rejects(set)?, ..Counts::default() };
        let (source, lake) = (&set.table, &set.lake);
        let operation = format!("record cycle {} of {source}", set.cycle);
        let cursor = serde_json::to_string(&set.position.fence)
            .map_err(|error| Error::internal(format!("{operation}: {error}")))?;
        // Where an origin is not known, a line is surely its own if it is of this very lake table, or says only that the table fails.
        let before = sql!(
            "{} AND (as_of IS NULL OR {}) OR as_of IS NOT NULL AND {}",
            of_source(set, source),
            Sql::fixed(if set.origin.is_some() { "origin IS NOT NULL" } else { "false" }),
            of_lake_table(lake)
        );
        self.execute(&operation, &sql!("DELETE FROM {} WHERE {}", ours("sync"), before))?;
        let row = sql!(
            "INSERT INTO {sync} SELECT {source}, {lake}, {mode}, {cursor_column}, {rows}, as_of, \
                 greatest(0, epoch(now()) - epoch(as_of)), now(), NULL, {cycle}, {cursor}, {snapshot}, {origin} \
             FROM (SELECT {as_of}::TIMESTAMPTZ AS as_of)",
            sync = ours("sync"),
            source = texts([&source.schema, &source.table]),
            lake = texts([&lake.schema, &lake.table]),
            mode = Lit(set.schema.mode.name()),
            cursor_column = Lit(&set.cursor),
            rows = counts.rows,
            cycle = Lit(&set.cycle),
            cursor = Lit(&cursor),
            snapshot = Lit(&set.position.snapshot),
            origin = set.origin.as_ref().map_or(Sql::fixed("NULL"), |origin| sql!("{}", Lit(origin))),
            as_of = Lit(&format!("{}+00", set.position.as_of))
        );
        self.execute(&operation, &row)?;
        set.batches().collect::<Vec<_>>().chunks(AT_ONCE).try_for_each(|some| {
            let applied = some.iter().map(|batch| applied(set, batch));
            let statement = sql!("INSERT INTO {} VALUES {}", ours("batches"), Sql::join(applied, ", "));
            self.execute(&operation, &statement)
        })?;
        Ok(counts)
    }

    /// Forgets records of batches applied long ago.
    pub fn prune_batches(&self) -> Result<()> {
        let statement = sql!("DELETE FROM {} WHERE applied_at < now() - INTERVAL {} DAY", ours("batches"), KEEP_DAYS);
        self.execute("prune _pg2duck.batches", &statement)
    }
}

/// A batch's line in `_pg2duck.batches`.
fn applied(set: &ChangeSet, batch: &Batch) -> Sql {
    let names =
        texts([&set.cycle, &set.table.schema, &set.table.table, &batch.path.to_string_lossy(), batch.kind.name()]);
    sql!("({}, {}, now(), {})", names, batch.rows, texts([&set.lake.schema, &set.lake.table]))
}

/// Texts, with commas between them.
pub(super) fn texts<const N: usize>(texts: [&str; N]) -> Sql {
    Sql::join(texts.map(|text| sql!("{}", Lit(text))), ", ")
}
