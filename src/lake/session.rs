//! A DuckDB session that takes statements of type [`Sql`] and nothing else: no plain text reaches the database.
//!
//! Its errors are DuckDB's own; what they mean is for its callers to say.

use crate::model::sql::Sql;
use duckdb::{Connection, Row};

/// One connection of an instance.
pub(super) struct Session(Connection);

impl Session {
    /// Takes over a connection.
    pub(super) fn new(connection: Connection) -> Self {
        Self(connection)
    }

    /// Runs statements that return nothing.
    pub(super) fn run(&self, statements: &Sql) -> Result<(), duckdb::Error> {
        self.0.execute_batch(statements.as_str())
    }

    /// The one row of a query.
    pub(super) fn row<T>(
        &self,
        query: &Sql,
        row: impl FnOnce(&Row<'_>) -> Result<T, duckdb::Error>,
    ) -> Result<T, duckdb::Error> {
        self.0.query_row(query.as_str(), [], row)
    }

    /// All rows of a query.
    pub(super) fn rows<T>(
        &self,
        query: &Sql,
        row: impl FnMut(&Row<'_>) -> Result<T, duckdb::Error>,
    ) -> Result<Vec<T>, duckdb::Error> {
        self.0.prepare(query.as_str())?.query_map([], row)?.collect()
    }

    /// Ends a transaction that has failed, if there is one: a ROLLBACK that fails would only say so again.
    pub(super) fn roll_back(&self) {
        let _ = self.run(&Sql::fixed("ROLLBACK"));
    }
}
