//! Findings about the connection and the server: TLS, version, standby, the role.

use super::Findings;
use crate::config::{Config, Source};
use crate::error::Result;
use crate::model::sql::quote;
use crate::source::Connection;
use crate::source::primary::Primary;
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
    primary(source, config, server.in_recovery, findings).await;
    Ok(())
}

/// Who tells which transactions are open, where the source is a standby.
async fn primary(source: &mut Connection, config: &Config, is_standby: bool, findings: &mut Findings) {
    let told = match (config.session().primary(), is_standby) {
        (None, false) => return,
        (Some(_), false) => Err("PRIMARY_URL is not used: the source is no standby".to_owned()),
        (None, true) => Err("a standby does not show open transactions: every poll scans its tables".into()),
        (Some(session), true) => match Primary::new(session).observe(source).await {
            Ok(_) => Ok(format!("a standby, whose primary at {} tells which transactions are open", server_of(config))),
            Err(error) => Err(format!("every poll scans the standby's tables: {error}")),
        },
    };
    match told {
        Ok(text) => findings.ok("server", text),
        Err(text) if is_standby => findings.warn("server", text, "set PRIMARY_URL to its primary"),
        Err(text) => findings.warn("server", text, "unset it"),
    }
}

fn server_of(config: &Config) -> String {
    config.primary.as_ref().map_or_else(String::new, Source::address)
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
    if !server.in_recovery && !server.reads_all_stats {
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
