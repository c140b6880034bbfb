//! A blocking Postgres session for tests. Each is a connection of its own, so that several transactions can be open.

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgConnection, Row, ValueRef};
use std::sync::LazyLock;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
});

/// An open connection. What a statement returns is text, as psql would show it.
pub struct Session {
    connection: PgConnection,
}

impl Session {
    /// Connects, without TLS.
    pub fn open(port: u16, database: &str, user: &str, password: &str) -> Self {
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(port)
            .database(database)
            .username(user)
            .password(password)
            .ssl_mode(PgSslMode::Disable)
            .disable_statement_logging();
        Self { connection: RUNTIME.block_on(options.connect()).expect("connect to the test's Postgres") }
    }

    /// Runs one or several statements, or says what the server said.
    pub fn try_execute(&mut self, sql: &str) -> Result<(), String> {
        let done = RUNTIME.block_on(self.connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))));
        done.map(drop).map_err(|error| error.to_string())
    }

    /// Runs one or several statements.
    pub fn execute(&mut self, sql: &str) {
        self.try_execute(sql).unwrap_or_else(|error| panic!("{error}\nin: {sql}"));
    }

    /// Runs `COPY … FROM STDIN` with these lines, or says what the server said.
    pub fn copy_in(&mut self, statement: &str, lines: &str) -> Result<(), String> {
        let done = RUNTIME.block_on(async {
            let mut copy = self.connection.copy_in_raw(statement).await?;
            copy.send(lines.as_bytes()).await?;
            copy.finish().await
        });
        done.map(drop).map_err(|error| error.to_string())
    }

    /// All rows of a query, as text.
    pub fn rows(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.try_rows(sql).unwrap_or_else(|error| panic!("{error}\nin: {sql}"))
    }

    /// All rows of a query, as text, or what the server said.
    pub fn try_rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        let rows = RUNTIME.block_on(self.connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql))));
        let rows = rows.map_err(|error| error.to_string())?;
        let cell = |value: sqlx::postgres::PgValueRef<'_>| {
            (!value.is_null()).then(|| value.as_str().expect("simple queries answer in text").to_owned())
        };
        let cells = |row: &sqlx::postgres::PgRow| {
            (0..row.len()).map(|at| cell(row.try_get_raw(at).expect("in range"))).collect()
        };
        Ok(rows.iter().map(cells).collect())
    }

    /// The only value of a query; an empty text for NULL.
    pub fn value(&mut self, sql: &str) -> String {
        let rows = self.rows(sql);
        rows.into_iter().flatten().next().unwrap_or_else(|| panic!("no row from: {sql}")).unwrap_or_default()
    }
}
