//! One connection to the source, its session pinned; and what server and network errors mean to a user.

use crate::config::{Config, Source};
use crate::error::{Error, Kind, Result};
use crate::names::literal;
use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, PgConnection};
use std::time::Duration;

/// The oldest server whose snapshot functions we use (`pg_current_snapshot`, `xid8`).
const OLDEST_SERVER: i32 = 130_000;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
const PROBES: usize = 3;
const BACKEND: &str = "SELECT pg_backend_pid()";

/// An open session. Statements run one at a time; dropping it closes the socket.
pub struct Connection {
    pub(super) session: PgConnection,
    /// `server_version_num`, as in 150018; 0 as long as the session is not pinned.
    pub server_version: i32,
    /// Set in the session, to notice when statements reach another one.
    pub(super) session_mark: String,
}

impl Connection {
    /// Connects and pins the session: read-only, time-outs, UTC, ISO dates.
    ///
    /// # Errors
    /// `Config` where a setting is wrong or refused, `Unreachable` where waiting may help.
    pub async fn open(config: &Config) -> Result<Self> {
        let mut connection = Self::reach(config).await?;
        connection.pin(config).await.map(|()| connection)
    }

    /// Connects and leaves the session as it is: enough for a statement whose answer depends on no setting.
    ///
    /// # Errors
    /// As for [`Connection::open`].
    pub async fn reach(config: &Config) -> Result<Self> {
        Self::connect(&config.source).await
    }

    /// Makes the session what reading tables needs.
    ///
    /// # Errors
    /// As for [`Connection::open`].
    pub async fn pin(&mut self, config: &Config) -> Result<()> {
        self.set_up(config, &config.source, Access::ReadOnly).await
    }

    /// Whether the session has been made so.
    pub fn is_pinned(&self) -> bool {
        self.server_version != 0
    }

    /// The same session, but one that may write: for `setup`, through `SETUP_DATABASE_URL` where that is set.
    ///
    /// # Errors
    /// As for [`Connection::open`].
    pub async fn open_for_setup(config: &Config) -> Result<Self> {
        let source = config.setup_source.as_ref().unwrap_or(&config.source);
        let mut connection = Self::connect(source).await?;
        connection.set_up(config, source, Access::ReadWrite).await.map(|()| connection)
    }

    async fn connect(source: &Source) -> Result<Self> {
        let session = match tokio::time::timeout(CONNECT_TIMEOUT, options(source).connect()).await {
            Ok(connected) => connected.map_err(|error| connect_error(source, &error))?,
            Err(_) => {
                let address = source.address();
                return Err(Error::new(
                    Kind::Unreachable,
                    format!(
                        "connect to postgres at {address}: no answer within {} s; check {} and any firewall in between",
                        CONNECT_TIMEOUT.as_secs(),
                        source.setting
                    ),
                ));
            }
        };
        let opened = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let session_mark = format!("{}-{}", std::process::id(), opened.as_nanos());
        Ok(Self { session, server_version: 0, session_mark })
    }

    async fn set_up(&mut self, config: &Config, source: &Source, access: Access) -> Result<()> {
        let version: i32 = self.one("SELECT current_setting('server_version_num')::int4", 0).await?;
        if version < OLDEST_SERVER {
            return Err(Error::config(format!(
                "postgres at {} is version {}: pg2duck needs 13 or newer",
                source.address(),
                version / 10_000
            )));
        }
        if self.shares_its_backend(&options(source)).await? {
            return Err(Error::config(pooled_by_transaction()));
        }
        self.execute(&session_settings(config, access, &self.session_mark)).await?;
        self.server_version = version;
        Ok(())
    }

    /// Whether a pooler gives this session's backend to others between two transactions. Settings made in such a session
    /// would change the application's, so this is asked before any is made.
    ///
    /// While a second session is inside a transaction, a backend of our own can neither be the second session's nor change.
    async fn shares_its_backend(&mut self, options: &PgConnectOptions) -> Result<bool> {
        let opened = tokio::time::timeout(PROBE_TIMEOUT, options.connect()).await;
        // No second session to be had (a pool or role of one connection): then nobody else can be given ours either.
        let Ok(Ok(second)) = opened else { return Ok(false) };
        let mut second = Self { session: second, server_version: 0, session_mark: String::new() };
        for _ in 0..PROBES {
            let ours: i32 = self.one(BACKEND, 0).await?;
            second.execute("BEGIN READ ONLY").await?;
            let theirs: i32 = second.one(BACKEND, 0).await?;
            let shared = ours == theirs || ours != self.one::<i32>(BACKEND, 0).await?;
            second.execute("ROLLBACK").await?;
            if shared {
                return Ok(true);
            }
        }
        // A polite end; the socket closes either way.
        let _ = second.session.close().await;
        Ok(false)
    }

    /// Runs statements that return nothing.
    pub async fn execute(&mut self, sql: &str) -> Result<()> {
        self.attempt(sql).await.map_err(|error| statement_error(&error))
    }

    /// The same, for a caller to whom the kind of failure matters.
    pub async fn attempt(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        use sqlx::Executor;
        self.session.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(drop)
    }

    /// All rows of a query, in text form.
    pub async fn rows(&mut self, sql: &str) -> Result<Vec<PgRow>> {
        use sqlx::Executor;
        self.session.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql))).await.map_err(|error| statement_error(&error))
    }

    /// One value of a query's only row.
    pub async fn one<T>(&mut self, sql: &str, column: usize) -> Result<T>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        let rows = self.rows(sql).await?;
        let row = rows.first().ok_or_else(|| Error::new(Kind::Source, "postgres returned no row where one was due"))?;
        get(row, column)
    }
}

fn options(source: &Source) -> PgConnectOptions {
    source.options.clone().disable_statement_logging()
}

/// A value of a row.
pub fn get<'r, T>(row: &'r PgRow, column: usize) -> Result<T>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    use sqlx::Row;
    row.try_get(column).map_err(|error| statement_error(&error))
}

/// The sentence for a connection whose session is not ours alone.
pub(super) fn pooled_by_transaction() -> String {
    "a pooler in transaction mode stands before postgres, where a session's settings reach other clients; let pg2duck \
     connect to postgres itself, or to a pool in session mode"
        .into()
}

/// What a session may do.
#[derive(Clone, Copy)]
enum Access {
    ReadOnly,
    ReadWrite,
}

/// A SQL_ASCII server does not know what its bytes mean; asked for UTF-8, it would refuse those that are not. We look at them
/// ourselves.
fn session_settings(config: &Config, access: Access, mark: &str) -> String {
    let read_only = match access {
        Access::ReadOnly => "on",
        Access::ReadWrite => "off",
    };
    format!(
        "SELECT set_config('client_encoding', CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' \
           ELSE 'UTF8' END, false); SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; \
         SET bytea_output = 'hex'; SET standard_conforming_strings = on; SET extra_float_digits = 1; SET quote_all_identifiers = off; SET default_transaction_read_only = {read_only}; \
         SET row_security = off; SET jit = off; \
         SET pg2duck.session = {}; SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}",
        literal(mark),
        config.statement_timeout.as_millis(),
        config.lock_timeout.as_millis(),
        config.statement_timeout.as_millis(),
    )
}

/// What a failure to connect means, by SQLSTATE where the server answered.
fn connect_error(source: &Source, error: &sqlx::Error) -> Error {
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
        "40001" | "40P01" => Error::new(Kind::Source, format!("{message}; the next cycle tries again")),
        // Connection exceptions, shutdown, out of connections.
        code if code.starts_with("08") || code.starts_with("57P") || code == "53300" => {
            Error::new(Kind::Source, message.to_owned())
        }
        // Errors about data quote the value.
        code if code.starts_with("22") || code.starts_with("23") => {
            let told = message.split('"').next().unwrap_or_default().trim_end_matches([':', ' ']);
            Error::table(format!("{told} (value not shown) [SQLSTATE {code}]"))
        }
        code => {
            let place = database.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::table);
            let place = place.map(|table| format!(" (table {table})")).unwrap_or_default();
            Error::table(format!("{message}{place} [SQLSTATE {code}]"))
        }
    }
}
