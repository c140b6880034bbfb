//! Findings about the connection and the server: TLS, version, standby, the role.

use super::Findings;
use crate::config::Config;
use crate::error::Result;
use crate::source::Connection;
use crate::source::connection::get;

/// The newest version that the tests run against.
const NEWEST_KNOWN: i32 = 18;

const FACTS: &str = "
    SELECT current_user::text, current_setting('server_version'), pg_is_in_recovery(),
           pg_has_role('pg_read_all_stats', 'USAGE'), (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
           (SELECT version || ', ' || cipher FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl),
           current_setting('track_activities') = 'on'";

pub(super) async fn check(source: &mut Connection, config: &Config, findings: &mut Findings) -> Result<()> {
    let rows = source.rows(FACTS).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let (role, version): (String, String) = (get(row, 0)?, get(row, 1)?);
    let tls: Option<String> = get(row, 5)?;
    let shown = tls.as_deref().unwrap_or("no TLS");
    findings.ok(
        "connection",
        format!("{} as {role}, PostgreSQL {version}, {shown}, not pooled by transaction", config.source),
    );
    let host = config.source.options.get_host();
    let local = config.source.options.get_socket().is_some()
        || ["localhost", "127.0.0.1", "::1"].contains(&host)
        || host.starts_with('/');
    if tls.is_none() && !local {
        findings.warn(
            "connection",
            "password and rows travel unencrypted",
            "set POSTGRES_SSLMODE=verify-full (or require)",
        );
    }
    let major = source.server_version / 10_000;
    if major > NEWEST_KNOWN {
        findings.warn(
            "server",
            format!("PostgreSQL {major} is newer than {NEWEST_KNOWN}, the newest that this version was tested with"),
            "look for a newer pg2duck; run `pg2duck verify` now and then",
        );
    }
    if get(row, 2)? {
        findings.warn(
            "server",
            "a standby does not show open transactions: every poll scans its tables",
            "connect to the primary where that is too dear",
        );
    } else if !get::<bool>(row, 3)? {
        findings.warn(
            "role",
            "without pg_read_all_stats, polls cannot shrink while other roles' transactions are open",
            format!("GRANT pg_read_all_stats TO {}", crate::model::sql::quote(&role)),
        );
    }
    if get(row, 4)? {
        findings.warn(
            "role",
            format!("{role} is a superuser"),
            "use one that can only read: pg2duck setup --role NAME",
        );
    }
    if !get::<bool>(row, 6)? {
        findings.warn(
            "server",
            "track_activities is off: open transactions are invisible and hold polls back",
            "set it to on",
        );
    }
    Ok(())
}
