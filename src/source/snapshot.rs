//! Snapshots of the source, and what is looked at around them: activity first, then the snapshot. The order matters: a
//! transaction that commits between a snapshot and a later look at activity would be in neither.

use super::connection::{Connection, pooled_by_transaction};
use super::rows::{self, row};
use super::running::{Running, running};
use super::sql::{Template, Value, template};
use crate::error::{Error, Kind, Result};
use crate::model::{Activity, Identity, Probe, Snapshot};
use sqlx::postgres::PgRow;
use std::time::Duration;

const IDENTITY: Template = template!("identity");
const IDENTITY_DATABASE: Template = template!("identity_database");
const IDENTITY_SYSTEM: Template = template!("identity_system");
const IDENTITY_TIMELINE: Template = template!("identity_timeline");
const PROBE: Template = template!("probe");
const ACTIVITY: Template = template!("activity");
const PREPARED: Template = template!("prepared");
const SNAPSHOT: Template = template!("snapshot");
const EXPORTED_SNAPSHOT: Template = template!("exported_snapshot");

row! {
    struct IdentityRow {
        database: String,
        system: Option<String>,
        timeline: Option<String>,
    }
}

/// Reads who the source is. Parts that the role may not read stay unknown.
pub async fn identify(source: &mut Connection) -> Result<Identity> {
    match rows::one::<IdentityRow>(source, "identify the source", &IDENTITY.fill(&[])?).await {
        Ok(IdentityRow { database, system, timeline }) => Ok(Identity { database, system, timeline }),
        // One by one: most roles may read most.
        Err(_) => Ok(Identity {
            database: source.one(&IDENTITY_DATABASE.fill(&[])?, 0).await?,
            system: optional(source, &IDENTITY_SYSTEM.fill(&[])?).await?,
            timeline: optional(source, &IDENTITY_TIMELINE.fill(&[])?).await?,
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

row! {
    struct ProbeRow {
        now: String,
        snapshot: String,
        in_recovery: bool,
        is_ours: bool,
    }
}

/// Looks which transactions there are. Touches no table, and needs no session of our own.
///
/// Two equal snapshots of one primary see the same rows: a transaction that ended in between was listed as running in the
/// first and is not in the second, or it was begun later, and then the second's `xmax` lies beyond it.
pub async fn probe(source: &mut Connection) -> Result<Probe> {
    let token = source.is_configured().then_some(source.token.as_str());
    let sql = PROBE.fill(&[("token", Value::OptionalText(token))])?;
    let ProbeRow { now, snapshot, in_recovery, is_ours } = rows::one(source, "probe the source", &sql).await?;
    if !is_ours {
        return Err(Error::config(pooled_by_transaction()));
    }
    Ok(Probe { now, snapshot, in_recovery })
}

row! {
    struct ActivityRow {
        now: String,
        low: String,
        hidden_sessions: i64,
        in_recovery: bool,
        is_ours: bool,
        sees_all: bool,
    }
}

const STANDBY: &str = "it is a standby, which does not show open transactions";

row! {
    struct PreparedRow {
        xid: i64,
    }
}

/// Reads the open transactions of this database. Must run before the snapshot, outside of its transaction.
pub async fn observe(source: &mut Connection) -> Result<Activity> {
    let sql = ACTIVITY.fill(&[("token", Value::Text(&source.token))])?;
    let row: ActivityRow = rows::one(source, "read activity", &sql).await?;
    if !row.is_ours {
        return Err(Error::config(pooled_by_transaction()));
    }
    let prepared: Vec<PreparedRow> = rows::all(source, &PREPARED.fill(&[])?).await?;
    Ok(Activity {
        now: row.now,
        low: row.low,
        hidden_sessions: row.hidden_sessions,
        sees_all: row.sees_all,
        prepared: prepared.into_iter().map(|row| row.xid.cast_unsigned()).collect(),
        unseen: row.in_recovery.then(|| STANDBY.into()),
    })
}

/// Opens the read-only REPEATABLE READ transaction and takes its snapshot; answers it, and what other sessions import it by.
///
/// `audited`: the audit table is about to be read; a lock keeps it from being emptied meanwhile. The tables themselves are locked by
/// whoever reads them, after the snapshot: what was rewritten in between is found by [`super::catalog::fingerprints`].
///
/// `silence`: how long the session may be silent in this transaction before the server ends it.
pub(super) async fn begin(
    source: &mut Connection,
    audited: bool,
    standby: bool,
    silence: Duration,
) -> Result<(Snapshot, String)> {
    let running = if audited && standby { Some(running(source).await?) } else { None };
    let lock = if audited { "; LOCK TABLE pg2duck.audit IN ACCESS SHARE MODE" } else { "" };
    // In one message: the order is the same, the way is shorter.
    let begin = format!(
        "{BEGIN}; SET LOCAL idle_in_transaction_session_timeout = {}{lock}; {}",
        silence.as_millis(),
        EXPORTED_SNAPSHOT.fill(&[("tells_flush", Value::Bool(source.tells_flush))])?
    );
    let row = source.row(TAKE, &begin).await?;
    Ok((complete(source, snapshot(&row)?, running).await?, rows::column(&row, "exported")?))
}

/// The same for a session that shares its snapshot with nobody.
pub async fn begin_alone(source: &mut Connection, audited: bool, standby: bool) -> Result<Snapshot> {
    let running = if audited && standby { Some(running(source).await?) } else { None };
    let take = SNAPSHOT.fill(&[("tells_flush", Value::Bool(source.tells_flush))])?;
    let snapshot = snapshot(&source.row(TAKE, &format!("{BEGIN}; {take}")).await?)?;
    complete(source, snapshot, running).await
}

async fn complete(source: &mut Connection, snapshot: Snapshot, running: Option<Running>) -> Result<Snapshot> {
    match running {
        Some(running) => running.complete(source, snapshot).await,
        None => Ok(snapshot),
    }
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

const TAKE: &str = "take a snapshot";

fn snapshot(row: &PgRow) -> Result<Snapshot> {
    let xid = |name| rows::column::<i64>(row, name).map(i64::cast_unsigned);
    let unflushed = rows::column::<Option<i64>>(row, "unflushed")?.map(i64::cast_unsigned);
    Ok(Snapshot { xmin: xid("xmin")?, xmax: xid("xmax")?, text: rows::column(row, "text")?, unflushed })
}

/// Ends a snapshot's transaction. It only read, so COMMIT and ROLLBACK mean the same.
pub async fn end(source: &mut Connection) -> Result<()> {
    source.execute("ROLLBACK").await
}
