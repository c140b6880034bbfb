//! Takes the one snapshot of a cycle: activity first, then locks, then the snapshot. The order matters:
//! a transaction that commits between a snapshot and a later look at activity would be in neither, and a rewriting ALTER
//! between the snapshot and the read would make its table look empty.

use super::catalog::{self, Selected};
use super::connect::{Connection, get, pooled_by_transaction};
use super::fence::Activity;
use super::relation::Lock;
use crate::error::{Error, Kind, Result};
use crate::names::{TableName, literal};
use serde::{Deserialize, Serialize};
use sqlx::postgres::types::Oid;
use std::collections::HashMap;

/// Which transactions the snapshot cannot see: those from `xmin` on, some of them, and those from `xmax` on, all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub xmin: u64,
    pub xmax: u64,
    /// `xmin:xmax:xip,…` as `pg_snapshot` prints it.
    pub text: String,
}

/// Which cluster answers. A cursor is worth nothing on another one, or on a restored copy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub system: Option<String>,
    /// Unknown on a standby.
    pub timeline: Option<String>,
    pub database: String,
}

const INSTANT: &str = "'YYYY-MM-DD HH24:MI:SS.US'";

/// Reads who the source is. Parts that the role may not read stay unknown.
pub async fn identify(source: &mut Connection) -> Result<Identity> {
    let database = "SELECT oid::text FROM pg_catalog.pg_database WHERE datname = current_database()";
    let system = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()";
    let timeline =
        "SELECT CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END";
    match source.rows(&format!("SELECT ({database}), ({system}), ({timeline})")).await.as_deref() {
        Ok([all]) => Ok(Identity { database: get(all, 0)?, system: get(all, 1)?, timeline: get(all, 2)? }),
        // One by one: most roles may read most.
        _ => Ok(Identity {
            database: source.one(database, 0).await?,
            system: optional(source, system).await?,
            timeline: optional(source, timeline).await?,
        }),
    }
}

async fn optional(source: &mut Connection, sql: &str) -> Result<Option<String>> {
    match source.one(sql, 0).await {
        Ok(value) => Ok(value),
        Err(error) if error.kind() == Kind::Table => Ok(None),
        Err(error) => Err(error),
    }
}

/// The source at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The source's clock, just before the snapshot.
    pub now: String,
    /// As `pg_snapshot` prints it. Complete on a primary only: a standby does not list which transactions run.
    pub snapshot: String,
    pub in_recovery: bool,
}

/// Looks which transactions there are. Touches no table, and needs no session of our own.
///
/// Two equal snapshots of one primary see the same rows: a transaction that ended in between was listed as running in the
/// first and is not in the second, or it was begun later, and then the second's `xmax` lies beyond it.
pub async fn glance(source: &mut Connection) -> Result<Moment> {
    let mark = match source.is_pinned() {
        true => {
            format!("current_setting('pg2duck.session', true) IS NOT DISTINCT FROM {}", literal(&source.session_mark))
        }
        false => "true".into(),
    };
    let rows = source
        .rows(&format!(
            "SELECT to_char(now() AT TIME ZONE 'UTC', {INSTANT}), pg_current_snapshot()::text, pg_is_in_recovery(), {mark}"
        ))
        .await?;
    let row = rows.first().ok_or_else(|| Error::new(Kind::Source, "take a snapshot: postgres returned no row"))?;
    if !get::<bool>(row, 3)? {
        return Err(Error::config(pooled_by_transaction()));
    }
    Ok(Moment { now: get(row, 0)?, snapshot: get(row, 1)?, in_recovery: get(row, 2)? })
}

/// Reads the open transactions of this database. Must run before [`begin`], outside of its transaction.
///
/// A session between two transactions of one message has no `xact_start` yet: its `query_start` is earlier. Sessions of
/// other roles hide both without `pg_read_all_stats`; such a session counts as blind while it holds a virtual
/// transaction id, which `pg_locks` shows to everyone.
pub async fn observe(source: &mut Connection) -> Result<Activity> {
    let rows = source
        .rows(&format!(
            "SELECT to_char(now() AT TIME ZONE 'UTC', {INSTANT}), \
                    to_char(least(now(), min(CASE WHEN a.xact_start IS NOT NULL THEN a.xact_start \
                                                  WHEN a.state <> 'idle' THEN a.query_start END)) AT TIME ZONE 'UTC', {INSTANT}), \
                    count(*) FILTER (WHERE (a.state = 'disabled' OR a.query = '<insufficient privilege>') \
                      AND EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND l.locktype = 'virtualxid' \
                                    AND l.virtualxid = l.virtualtransaction)), \
                    pg_is_in_recovery(), current_setting('pg2duck.session', true) IS NOT DISTINCT FROM {}, \
                    pg_has_role('pg_read_all_stats', 'USAGE') \
             FROM pg_catalog.pg_stat_activity a \
             WHERE a.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
               AND a.pid <> pg_backend_pid() AND a.backend_type IS DISTINCT FROM 'autovacuum worker'",
            literal(&source.session_mark)
        ))
        .await?;
    let row = rows.first().ok_or_else(|| Error::new(Kind::Source, "read activity: postgres returned no row"))?;
    if !get::<bool>(row, 4)? {
        return Err(Error::config(pooled_by_transaction()));
    }
    let (now, low, blind, in_recovery) = (get(row, 0)?, get(row, 1)?, get(row, 2)?, get(row, 3)?);
    let prepared = source
        .rows("SELECT transaction::text::bigint FROM pg_catalog.pg_prepared_xacts WHERE database = current_database()")
        .await?
        .iter()
        .map(|row| get::<i64>(row, 0).map(i64::cast_unsigned))
        .collect::<Result<_>>()?;
    Ok(Activity { now, low, blind, sees_all: get(row, 5)?, prepared, in_recovery })
}

/// Opens the read-only REPEATABLE READ transaction, locks the tables against rewrites, then takes the snapshot.
///
/// Tables that cannot be locked (dropped, forbidden, held exclusively) are returned with the reason; the others are safe
/// to read. LOCK takes no snapshot of its own.
///
/// `audited`: the audit table is about to be read too.
pub async fn begin(
    source: &mut Connection,
    tables: &[&Selected],
    audited: bool,
) -> Result<(Snapshot, Vec<(TableName, Error)>)> {
    let of = |lock| tables.iter().copied().filter(move |table| table.lock == lock).collect::<Vec<_>>();
    let (by_statement, by_reading) = (of(Lock::Statement), of(Lock::ByReading));
    let before = storage(source, &by_reading).await?;
    source.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    if audited {
        source.execute("LOCK TABLE pg2duck.audit IN ACCESS SHARE MODE").await?;
    }
    let mut refused = lock(source, &by_statement).await?;
    let rows = source
        .rows(
            "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint, s::text \
             FROM (SELECT pg_current_snapshot()) v(s)",
        )
        .await?;
    let row = rows.first().ok_or_else(|| Error::new(Kind::Source, "take a snapshot: postgres returned no row"))?;
    let (xmin, xmax) = (get::<i64>(row, 0)?.cast_unsigned(), get::<i64>(row, 1)?.cast_unsigned());
    let snapshot = Snapshot { xmin, xmax, text: get(row, 2)? };
    refused.extend(lock_by_reading(source, &by_reading, &before).await?);
    Ok((snapshot, refused))
}

async fn lock(source: &mut Connection, tables: &[&Selected]) -> Result<Vec<(TableName, Error)>> {
    let statement = |tables: &str| format!("LOCK TABLE {tables} IN ACCESS SHARE MODE");
    let all = tables.iter().map(|table| table.name.quoted()).collect::<Vec<_>>().join(", ");
    if tables.is_empty() || attempt(source, &statement(&all)).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut refused = Vec::new();
    for Selected { name, .. } in tables {
        if let Some(error) = attempt(source, &statement(&name.quoted())).await? {
            refused.push((name.clone(), error.during(format!("lock {name}"))));
        }
    }
    Ok(refused)
}

/// Locks after the snapshot, and refuses what was rewritten since shortly before it.
async fn lock_by_reading(
    source: &mut Connection,
    tables: &[&Selected],
    before: &HashMap<u32, String>,
) -> Result<Vec<(TableName, Error)>> {
    let mut refused = Vec::new();
    for Selected { name, .. } in tables {
        if let Some(error) = attempt(source, &format!("SELECT FROM {} LIMIT 0", name.quoted())).await? {
            refused.push((name.clone(), error.during(format!("lock {name}"))));
        }
    }
    let now = storage(source, tables).await?;
    for Selected { name, oid, .. } in tables {
        if before.get(oid) != now.get(oid) {
            let error = format!("read {name}: it was rewritten at this moment; the next cycle looks again");
            refused.push((name.clone(), Error::table(error)));
        }
    }
    Ok(refused)
}

/// Each table's storage at this moment.
async fn storage(source: &mut Connection, tables: &[&Selected]) -> Result<HashMap<u32, String>> {
    if tables.is_empty() {
        return Ok(HashMap::new());
    }
    let oids = tables.iter().map(|table| table.oid.to_string()).collect::<Vec<_>>().join(",");
    let rows = catalog::storage(source, &oids).await?;
    rows.iter().map(|row| Ok((get::<Oid>(row, 0)?.0, get(row, 1)?))).collect()
}

/// Runs a statement, or says why not and leaves the transaction usable.
async fn attempt(source: &mut Connection, statement: &str) -> Result<Option<Error>> {
    source.execute("SAVEPOINT pg2duck_lock").await?;
    match source.execute(statement).await {
        Ok(()) => Ok(None),
        Err(error) if error.kind() == Kind::Table => {
            source.execute("ROLLBACK TO SAVEPOINT pg2duck_lock").await?;
            Ok(Some(error))
        }
        Err(error) => Err(error),
    }
}

/// Ends the snapshot's transaction. It only read, so COMMIT and ROLLBACK mean the same.
pub async fn end(source: &mut Connection) -> Result<()> {
    source.execute("ROLLBACK").await
}
