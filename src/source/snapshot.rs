//! Snapshots of the source, and what is looked at around them: activity first, then the snapshot. The order matters: a
//! transaction that commits between a snapshot and a later look at activity would be in neither.

use super::connection::{Connection, get, pooled_by_transaction};
use crate::error::{Error, Kind, Result};
use crate::model::sql::literal;
use crate::model::{Activity, Identity, Probe, Snapshot};
use sqlx::postgres::PgRow;
use std::time::Duration;

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

/// Looks which transactions there are. Touches no table, and needs no session of our own.
///
/// Two equal snapshots of one primary see the same rows: a transaction that ended in between was listed as running in the
/// first and is not in the second, or it was begun later, and then the second's `xmax` lies beyond it.
pub async fn probe(source: &mut Connection) -> Result<Probe> {
    let is_ours = match source.is_configured() {
        true => {
            format!("current_setting('pg2duck.session', true) IS NOT DISTINCT FROM {}", literal(&source.token))
        }
        false => "true".into(),
    };
    let rows = source
        .rows(&format!(
            "SELECT to_char(now() AT TIME ZONE 'UTC', {INSTANT}), pg_current_snapshot()::text, pg_is_in_recovery(), {is_ours}"
        ))
        .await?;
    let row = rows.first().ok_or_else(|| Error::new(Kind::Source, "probe the source: postgres returned no row"))?;
    if !get::<bool>(row, 3)? {
        return Err(Error::config(pooled_by_transaction()));
    }
    Ok(Probe { now: get(row, 0)?, snapshot: get(row, 1)?, in_recovery: get(row, 2)? })
}

/// Reads the open transactions of this database. Must run before [`begin`], outside of its transaction.
///
/// A session between two transactions of one message has no `xact_start` yet: its `query_start` is earlier. Sessions of
/// other roles hide both without `pg_read_all_stats`; such a session counts as hidden while it holds a virtual
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
            literal(&source.token)
        ))
        .await?;
    let row = rows.first().ok_or_else(|| Error::new(Kind::Source, "read activity: postgres returned no row"))?;
    if !get::<bool>(row, 4)? {
        return Err(Error::config(pooled_by_transaction()));
    }
    let (now, low, hidden_sessions, in_recovery) = (get(row, 0)?, get(row, 1)?, get(row, 2)?, get(row, 3)?);
    let prepared = source
        .rows("SELECT transaction::text::bigint FROM pg_catalog.pg_prepared_xacts WHERE database = current_database()")
        .await?
        .iter()
        .map(|row| get::<i64>(row, 0).map(i64::cast_unsigned))
        .collect::<Result<_>>()?;
    Ok(Activity { now, low, hidden_sessions, sees_all: get(row, 5)?, prepared, in_recovery })
}

/// Opens the read-only REPEATABLE READ transaction and takes its snapshot; answers it, and what other sessions import it by.
///
/// `audited`: the audit table is about to be read; a lock keeps it from being emptied meanwhile. The tables themselves are locked by
/// whoever reads them, after the snapshot: what was rewritten in between is found by [`super::catalog::fingerprints`].
///
/// `silence`: how long the session may be silent in this transaction before the server ends it.
pub(super) async fn begin(source: &mut Connection, audited: bool, silence: Duration) -> Result<(Snapshot, String)> {
    let lock = if audited { "; LOCK TABLE pg2duck.audit IN ACCESS SHARE MODE" } else { "" };
    source
        .execute(&format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = {}{lock}",
            silence.as_millis()
        ))
        .await?;
    let row = source
        .row(
            "take a snapshot",
            &format!("SELECT {SNAPSHOT}, pg_export_snapshot() FROM (SELECT pg_current_snapshot()) v(s)"),
        )
        .await?;
    Ok((snapshot(&row)?, get(&row, 3)?))
}

/// The same for a session that shares its snapshot with nobody.
pub async fn begin_alone(source: &mut Connection) -> Result<Snapshot> {
    source.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let row =
        source.row("take a snapshot", &format!("SELECT {SNAPSHOT} FROM (SELECT pg_current_snapshot()) v(s)")).await?;
    snapshot(&row)
}

const SNAPSHOT: &str = "pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint, s::text";

fn snapshot(row: &PgRow) -> Result<Snapshot> {
    let (xmin, xmax) = (get::<i64>(row, 0)?.cast_unsigned(), get::<i64>(row, 1)?.cast_unsigned());
    Ok(Snapshot { xmin, xmax, text: get(row, 2)? })
}

/// Ends a snapshot's transaction. It only read, so COMMIT and ROLLBACK mean the same.
pub async fn end(source: &mut Connection) -> Result<()> {
    source.execute("ROLLBACK").await
}
