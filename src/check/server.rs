//! Findings about the connection and the server: TLS, version, standby, the role.

use super::Findings;
use crate::config::Config;
use crate::error::Result;
use crate::model::sql::quote;
use crate::source::Connection;
use crate::source::rows::{self, row};
use crate::source::sql::{Template, template};

/// The newest version that the tests run against.
const NEWEST_KNOWN: i32 = 18;

const SERVER: Template = template!("server");

row! {
    struct ServerRow {
        role: String,
        version: String,
        in_recovery: bool,
        reads_all_stats: bool,
        is_superuser: bool,
        tls: Option<String>,
        tracks_activities: bool,
    }
}

pub(super) async fn check(source: &mut Connection, config: &Config, findings: &mut Findings) -> Result<()> {
    let server: ServerRow = rows::one(source, "look at the server", &SERVER.fill(&[])?).await?;
    connection(&server, config, findings);
    versions(source.server_version / 10_000, findings);
    visibility(&server, findings);
    Ok(())
}

fn connection(ServerRow { role, version, tls, .. }: &ServerRow, config: &Config, findings: &mut Findings) {
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
}

fn versions(major: i32, findings: &mut Findings) {
    if major > NEWEST_KNOWN {
        findings.warn(
            "server",
            format!("PostgreSQL {major} is newer than {NEWEST_KNOWN}, the newest that this version was tested with"),
            "look for a newer pg2duck; run `pg2duck verify` now and then",
        );
    }
}

/// What the role sees of other transactions.
fn visibility(server: &ServerRow, findings: &mut Findings) {
    let role = &server.role;
    if server.in_recovery {
        findings.warn(
            "server",
            "a standby does not show open transactions: every poll scans its tables",
            "connect to the primary where that is too dear",
        );
    } else if !server.reads_all_stats {
        findings.warn(
            "role",
            "without pg_read_all_stats, polls cannot shrink while other roles' transactions are open",
            format!("GRANT pg_read_all_stats TO {}", quote(role)),
        );
    }
    if server.is_superuser {
        findings.warn(
            "role",
            format!("{role} is a superuser"),
            "use one that can only read: pg2duck setup --role NAME",
        );
    }
    if !server.tracks_activities {
        findings.warn(
            "server",
            "track_activities is off: open transactions are invisible and hold polls back",
            "set it to on",
        );
    }
}
