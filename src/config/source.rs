//! How to reach Postgres: `DATABASE_URL` or the `POSTGRES_*` parts, TLS, and secrets from files.
//!
//! Passwords live only inside the connect options; the label that messages use never holds one.

use super::{Problems, Secret, raw::RawEnv};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A validated source. Its `Debug` and `Display` forms show host, port and database only.
#[derive(Clone)]
pub struct Source {
    pub options: PgConnectOptions,
    /// Which setting a user would change: `DATABASE_URL` or `POSTGRES_HOST`.
    pub setting: &'static str,
}

const SSL_MODES: &str = "disable, allow, prefer, require, verify-ca or verify-full";

impl Source {
    pub(super) fn from_raw(raw: &RawEnv, problems: &mut Problems) -> Self {
        let url = Secret::new("DATABASE_URL", &raw.database_url, &raw.database_url_file, problems);
        let password = Secret::new("POSTGRES_PASSWORD", &raw.postgres_password, &raw.postgres_password_file, problems);
        let (options, setting) = match (url, &raw.postgres_host) {
            (Some(url), None) => (from_url("DATABASE_URL", url.reveal(), problems), "DATABASE_URL"),
            (None, Some(host)) => {
                (from_parts(raw, host, password.as_ref().map(Secret::reveal), problems), "POSTGRES_HOST")
            }
            (Some(_), Some(_)) => {
                problems.add("DATABASE_URL and POSTGRES_HOST are both set: keep one, they may disagree");
                (PgConnectOptions::new_without_pgpass(), "DATABASE_URL")
            }
            (None, None) => {
                if raw.database_url_file.is_none() {
                    problems.add(
                        "no source: set DATABASE_URL=postgres://user:password@host:5432/database, or POSTGRES_HOST with \
                         POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB",
                    );
                }
                (PgConnectOptions::new_without_pgpass(), "DATABASE_URL")
            }
        };
        Self::new(options, setting, raw, problems)
    }

    /// `SETUP_DATABASE_URL`: the same database through a role that may change it.
    pub(super) fn for_setup(raw: &RawEnv, problems: &mut Problems) -> Option<Self> {
        let setting = "SETUP_DATABASE_URL";
        let url = Secret::new(setting, &raw.setup_database_url, &raw.setup_database_url_file, problems)?;
        Some(Self::new(from_url(setting, url.reveal(), problems), setting, raw, problems))
    }

    fn new(options: PgConnectOptions, setting: &'static str, raw: &RawEnv, problems: &mut Problems) -> Self {
        Self { options: tls(options, raw, problems).application_name("pg2duck").extra_float_digits(None), setting }
    }

    /// `host:port`, for messages.
    pub fn address(&self) -> String {
        match self.options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => format!("{}:{}", self.options.get_host(), self.options.get_port()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address(), self.options.get_database().unwrap_or(self.options.get_username()))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({self})")
    }
}

fn from_url(setting: &str, url: &str, problems: &mut Problems) -> PgConnectOptions {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    if !matches!(scheme, Some("postgres" | "postgresql")) {
        problems.add(format!(
            "{setting}: expected postgres://user:password@host:5432/database (value not shown: it may hold a password)"
        ));
        return PgConnectOptions::new_without_pgpass();
    }
    PgConnectOptions::from_str(url).unwrap_or_else(|error| {
        problems.add(format!(
            "{setting}: {error}; expected postgres://user:password@host:5432/database, special characters in the \
             password percent-encoded (value not shown: it may hold a password)"
        ));
        PgConnectOptions::new_without_pgpass()
    })
}

fn from_parts(raw: &RawEnv, host: &str, password: Option<&str>, problems: &mut Problems) -> PgConnectOptions {
    let port = super::values::whole("POSTGRES_PORT", raw.postgres_port.as_deref(), 5432, 1..=65_535);
    let port = u16::try_from(problems.keep(port, 5432)).unwrap_or(5432);
    let options = PgConnectOptions::new()
        .host(host)
        .port(port)
        .database(raw.postgres_db.as_deref().unwrap_or("analytics"))
        .username(raw.postgres_user.as_deref().unwrap_or("analyst"));
    match password {
        Some(password) => options.password(password),
        None => options,
    }
}

fn tls(mut options: PgConnectOptions, raw: &RawEnv, problems: &mut Problems) -> PgConnectOptions {
    if let Some(mode) = &raw.postgres_sslmode {
        match PgSslMode::from_str(mode) {
            Ok(mode) => options = options.ssl_mode(mode),
            Err(_) => problems.add(format!("POSTGRES_SSLMODE={mode}: expected {SSL_MODES}")),
        }
    }
    if let Some(path) = &raw.postgres_sslrootcert {
        if Path::new(path).is_file() {
            options = options.ssl_root_cert(path);
        } else {
            problems
                .add(format!("POSTGRES_SSLROOTCERT={path}: no such file; expected a PEM file with the CA certificate"));
        }
    }
    options
}
