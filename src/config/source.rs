//! How to reach Postgres: `DATABASE_URL` or the `POSTGRES_*` parts, TLS, and secrets from files.
//!
//! Passwords live only inside the connect options; the label that messages use never holds one.

use super::setting::Form;
use super::{Problems, Secret, raw::RawEnv, settings};
use sqlx::postgres::PgConnectOptions;
use std::fmt;
use std::path::PathBuf;

/// A validated source. Its `Debug` and `Display` forms show host, port and database only.
#[derive(Clone)]
pub struct Source {
    pub options: PgConnectOptions,
    /// Which setting a user would change: `DATABASE_URL` or `POSTGRES_HOST`.
    pub setting: &'static str,
}

impl Source {
    pub(super) fn from_raw(raw: &RawEnv) -> Result<Self, Problems> {
        let (url, password) = (settings::DATABASE_URL.read(raw), settings::POSTGRES_PASSWORD.read(raw));
        Problems::refuse([Problems::of(&url), Problems::of(&password)].into_iter().flatten())?;
        match (url?, settings::POSTGRES_HOST.read(raw)?) {
            (Some(url), None) => Self::new(url, "DATABASE_URL", raw),
            (None, Some(host)) => Self::new(from_parts(raw, &host, password?)?, "POSTGRES_HOST", raw),
            (Some(_), Some(_)) => {
                Err("DATABASE_URL and POSTGRES_HOST are both set: keep one, they may disagree".into())
            }
            (None, None) => Err(format!(
                "no source: set DATABASE_URL={}, or POSTGRES_HOST with POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB",
                settings::DATABASE_URL.form()
            )
            .into()),
        }
    }

    /// `SETUP_DATABASE_URL`: the same database through a role that may change it.
    pub(super) fn for_setup(raw: &RawEnv) -> Result<Option<Self>, Problems> {
        let url = settings::SETUP_DATABASE_URL.read(raw)?;
        url.map(|url| Self::new(url, "SETUP_DATABASE_URL", raw)).transpose()
    }

    /// `PRIMARY_URL`: the server that the source is a standby of.
    pub(super) fn primary(raw: &RawEnv) -> Result<Option<Self>, Problems> {
        let url = settings::PRIMARY_URL.read(raw)?;
        url.map(|url| Self::new(url, "PRIMARY_URL", raw)).transpose()
    }

    fn new(mut options: PgConnectOptions, setting: &'static str, raw: &RawEnv) -> Result<Self, Problems> {
        if let Some(mode) = settings::POSTGRES_SSLMODE.read(raw)? {
            options = options.ssl_mode(mode);
        }
        if let Some(certificate) = settings::POSTGRES_SSLROOTCERT.read(raw)? {
            options = options.ssl_root_cert(certificate);
        }
        Ok(Self { options: options.application_name("pg2duck").extra_float_digits(None), setting })
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

fn from_parts(raw: &RawEnv, host: &str, password: Option<Secret>) -> Result<PgConnectOptions, Problems> {
    let options = PgConnectOptions::new()
        .host(host)
        .port(settings::POSTGRES_PORT.value(raw)?)
        .database(&settings::POSTGRES_DB.value(raw)?)
        .username(&settings::POSTGRES_USER.value(raw)?);
    Ok(match password {
        Some(password) => options.password(password.reveal()),
        None => options,
    })
}

pub(super) const URL: Form<PgConnectOptions> = Form::Judged("postgres://user:password@host:5432/database", |url| {
    let form = settings::DATABASE_URL.form();
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(format!("expected {form}"));
    }
    let hint = "special characters in the password percent-encoded";
    url.parse().map_err(|error: sqlx::Error| format!("{error}; expected {form}, {hint}"))
});

pub(super) const CERTIFICATE: Form<PathBuf> = Form::Judged("a PEM file with the CA certificate", |path| {
    let missing = || format!("no such file; expected {}", settings::POSTGRES_SSLROOTCERT.form());
    Some(PathBuf::from(path)).filter(|path| path.is_file()).ok_or_else(missing)
});
