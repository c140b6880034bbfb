//! One session with the source, made fit for reading; whether its stream can be trusted.

use super::errors::{connect_error, statement_error};
use crate::config::{SessionSettings, Source};
use crate::error::{Error, Kind, Result};
use crate::model::sql::literal;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, PgConnection};
use std::time::Duration;

/// The oldest server whose snapshot functions we use (`pg_current_snapshot`, `xid8`).
const OLDEST_SERVER: i32 = 130_000;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the second session that tells a pooler from a server may take to open.
const SECOND_SESSION_TIMEOUT: Duration = Duration::from_secs(2);
/// How often both sessions are compared.
const COMPARISONS: usize = 3;
const TELLS_FLUSH: &str =
    "SELECT pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn() WHERE NOT pg_is_in_recovery()";
const BACKEND: &str = "SELECT pg_backend_pid()";

/// An open session. Statements run one at a time; dropping it closes the socket.
pub struct Connection {
    pub(super) session: PgConnection,
    /// `server_version_num`, as in 150018; 0 as long as the session is not configured.
    pub server_version: i32,
    /// Whether the server says how far its log is on the disk. Some that keep it elsewhere do not.
    pub(super) tells_flush: bool,
    /// Set in the session, to notice when statements reach another one.
    pub(super) token: String,
    /// A COPY was begun whose end was not seen. When the server refuses one, sqlx 0.9 leaves the rest of its answer in the stream,
    /// and every later answer would be that of the statement before. So such a session is closed, never used again.
    pub(super) in_doubt: bool,
    /// No other session is to be had: whatever is read with it, it is left usable where that is possible at all.
    pub(super) is_only: bool,
}

impl Connection {
    /// Connects and configures the session: read-only, time-outs, UTC, ISO dates.
    ///
    /// # Errors
    /// `Config` where a setting is wrong or refused, `Unreachable` where waiting may help.
    pub async fn open(settings: &SessionSettings) -> Result<Self> {
        let mut connection = Self::connect(&settings.server).await?;
        connection.configure(settings).await?;
        Ok(connection)
    }

    /// The same session, but one that may write: for `setup`.
    ///
    /// # Errors
    /// As for [`Connection::open`].
    pub async fn open_for_setup(settings: &SessionSettings) -> Result<Self> {
        let mut connection = Self::connect(&settings.server).await?;
        connection.set_up(settings, Access::ReadWrite).await?;
        Ok(connection)
    }

    /// Connects and leaves the session as it is: enough for a statement whose answer depends on no setting.
    ///
    /// # Errors
    /// As for [`Connection::open`].
    pub async fn connect(server: &Source) -> Result<Self> {
        let session = match tokio::time::timeout(CONNECT_TIMEOUT, options(server).connect()).await {
            Ok(connected) => connected.map_err(|error| connect_error(server, &error))?,
            Err(_) => {
                let address = server.address();
                return Err(Error::new(
                    Kind::Unreachable,
                    format!(
                        "connect to postgres at {address}: no answer within {} s; check {} and any firewall in between",
                        CONNECT_TIMEOUT.as_secs(),
                        server.setting
                    ),
                ));
            }
        };
        Ok(Self::around(session))
    }

    fn around(session: PgConnection) -> Self {
        // A clock before 1970 only makes tokens less telling.
        let opened = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos());
        Self {
            session,
            server_version: 0,
            tells_flush: false,
            token: format!("{}-{opened}", std::process::id()),
            in_doubt: false,
            is_only: false,
        }
    }

    /// Makes the session what reading tables needs. Gives back the second session that telling a pooler from a server took,
    /// configured as well, where the server granted one.
    ///
    /// # Errors
    /// As for [`Connection::open`].
    pub async fn configure(&mut self, settings: &SessionSettings) -> Result<Option<Self>> {
        self.set_up(settings, Access::ReadOnly).await
    }

    /// Whether the session has been made so.
    pub fn is_configured(&self) -> bool {
        self.server_version != 0
    }

    /// Whether what the server sends next may belong to an earlier statement.
    pub fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }

    async fn set_up(&mut self, settings: &SessionSettings, access: Access) -> Result<Option<Self>> {
        let version: i32 = self.one("SELECT current_setting('server_version_num')::int4", 0).await?;
        if version < OLDEST_SERVER {
            return Err(Error::config(format!(
                "postgres at {} is version {}: pg2duck needs 13 or newer",
                settings.server.address(),
                version / 10_000
            )));
        }
        let tells_flush = self.attempt(TELLS_FLUSH).await.is_ok();
        // Settings made in a session that a pooler shares would change the application's, so this comes before any.
        let mut second = self.second_session(settings).await?;
        for session in [Some(&mut *self), second.as_mut()].into_iter().flatten() {
            session.execute(&session_settings(settings, access, &session.token)).await?;
            session.server_version = version;
            session.tells_flush = tells_flush;
        }
        Ok(second)
    }

    /// Opens a second session and refuses a pooler that gives a session's backend to others between two transactions.
    ///
    /// While a second session is inside a transaction, a backend of our own can neither be the second session's nor change.
    async fn second_session(&mut self, settings: &SessionSettings) -> Result<Option<Self>> {
        let opened = tokio::time::timeout(SECOND_SESSION_TIMEOUT, options(&settings.server).connect()).await;
        // No second session to be had (a pool or role of one connection): then nobody else can be given ours either.
        let Ok(Ok(second)) = opened else { return Ok(None) };
        let mut second = Self::around(second);
        let mut ours: i32 = self.one(BACKEND, 0).await?;
        for _ in 0..COMPARISONS {
            let theirs: i32 = second.one(&format!("BEGIN READ ONLY; {BACKEND}"), 0).await?;
            let before = std::mem::replace(&mut ours, self.one(BACKEND, 0).await?);
            second.execute("ROLLBACK").await?;
            if before == theirs || before != ours {
                return Err(Error::config(pooled_by_transaction()));
            }
        }
        Ok(Some(second))
    }

    /// Says goodbye. The socket closes either way.
    pub async fn close(self) {
        let _ = self.session.close().await;
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

    /// The only row of a query.
    pub async fn row(&mut self, operation: &str, sql: &str) -> Result<PgRow> {
        let first = self.rows(sql).await?.into_iter().next();
        first.ok_or_else(|| Error::new(Kind::Source, format!("{operation}: postgres returned no row")))
    }

    /// One value of a query's only row.
    pub async fn one<T>(&mut self, sql: &str, column: usize) -> Result<T>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        get(&self.row("read a value", sql).await?, column)
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
fn session_settings(settings: &SessionSettings, access: Access, token: &str) -> String {
    let read_only = match access {
        Access::ReadOnly => "on",
        Access::ReadWrite => "off",
    };
    format!(
        "SELECT set_config('client_encoding', CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' \
           ELSE 'UTF8' END, false); SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; \
         SET bytea_output = 'hex'; SET standard_conforming_strings = on; SET extra_float_digits = 1; SET quote_all_identifiers = off; SET default_transaction_read_only = {read_only}; \
         SET row_security = off; SET jit = off; SET client_min_messages = error; \
         SET pg2duck.session = {}; SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}",
        literal(token),
        settings.statement_timeout.as_millis(),
        settings.lock_timeout.as_millis(),
        settings.statement_timeout.as_millis(),
    )
}
