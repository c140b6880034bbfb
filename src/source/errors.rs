//! What server and network errors mean to a user: whose trouble it is, in a sentence that says what to do.

use crate::config::Source;
use crate::error::{Error, Kind};
use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// What a failure to connect means, by SQLSTATE where the server answered.
pub(super) fn connect_error(source: &Source, error: &sqlx::Error) -> Error {
    let operation = format!("connect to postgres at {}", source.address());
    let setting = source.setting;
    let (kind, cause) = match error {
        sqlx::Error::Database(database) => match database.code().as_deref() {
            Some("28P01" | "28000") => (
                Kind::Config,
                format!(
                    "{}; check the user and password in {}",
                    database.message(),
                    if setting == "POSTGRES_HOST" { "POSTGRES_USER and POSTGRES_PASSWORD" } else { setting }
                ),
            ),
            Some("3D000") => (
                Kind::Config,
                format!(
                    "{}; check {}",
                    database.message(),
                    if setting == "POSTGRES_HOST" {
                        "POSTGRES_DB".to_owned()
                    } else {
                        format!("the path of {setting}")
                    }
                ),
            ),
            Some("42501") => (Kind::Config, format!("{}; grant it with GRANT CONNECT ON DATABASE", database.message())),
            _ => (Kind::Unreachable, database.message().to_owned()),
        },
        sqlx::Error::Tls(_) => (Kind::Config, tls_advice(error)),
        sqlx::Error::Io(io) if io.to_string().contains("certificate") => (Kind::Config, tls_advice(error)),
        sqlx::Error::Io(io) if is_unknown_host(io) => {
            (Kind::Unreachable, format!("unknown host {:?}; check {setting}", source.options.get_host()))
        }
        sqlx::Error::Io(io) => {
            (Kind::Unreachable, format!("{io}; is it running, and is {setting} right (host and port)?"))
        }
        other => (Kind::Unreachable, format!("{other}; check {setting}")),
    };
    Error::new(kind, format!("{operation}: {cause}"))
}

fn tls_advice(error: &sqlx::Error) -> String {
    format!(
        "TLS: {error}; check POSTGRES_SSLMODE (verify-full also compares the host name), and POSTGRES_SSLROOTCERT for a \
         certificate of your own authority"
    )
}

fn is_unknown_host(error: &std::io::Error) -> bool {
    error.to_string().contains("lookup address")
}

/// What a failed statement means: which errors belong to the table at hand, and which to the connection.
pub fn statement_error(error: &sqlx::Error) -> Error {
    let sqlx::Error::Database(database) = error else {
        return Error::new(Kind::Source, format!("connection to postgres lost: {error}"));
    };
    let message = database.message();
    let code = database.code();
    let severity = database.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
    // The session is over, whatever the reason: a shutdown, a termination, a conflict with recovery.
    if matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic)) {
        return Error::new(Kind::Source, message.to_owned());
    }
    match code.as_deref().unwrap_or_default() {
        "42501" if message.contains("row-level security") => {
            Error::table(format!("{message}, which would hide rows from the copy; run: ALTER ROLE your_role BYPASSRLS"))
        }
        "42501" => Error::table(format!("{message}; grant it with GRANT SELECT (and USAGE on the schema)")),
        "42P01" | "42703" => {
            Error::table(format!("{message}; it changed while it was read, the next cycle looks again"))
        }
        "55P03" => Error::table(format!(
            "{message}; something holds an exclusive lock on the table, the next cycle tries again (LOCK_TIMEOUT)"
        )),
        "57014" => Error::table(format!("{message}; raise STATEMENT_TIMEOUT if the table needs longer")),
        "40001" | "40P01" => Error::table(format!("{message}; the next cycle tries again")),
        // What a foreign server says of connections ends no session of ours.
        code if code.starts_with("08") => {
            Error::table(format!("{message} [SQLSTATE {code}]; the next cycle tries again"))
        }
        // Errors about data quote the value.
        code if code.starts_with("22") || code.starts_with("23") => {
            let told = message.split('"').next().unwrap_or_default().trim_end_matches([':', ' ']);
            Error::table(format!("{told} (value not shown) [SQLSTATE {code}]")).lasting()
        }
        code => {
            let place = database.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::table);
            let place = place.map(|table| format!(" (table {table})")).unwrap_or_default();
            let error = Error::table(format!("{message}{place} [SQLSTATE {code}]"));
            if code.starts_with("42") || code.starts_with("54") { error.lasting() } else { error }
        }
    }
}
