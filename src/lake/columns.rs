//! `_pg2duck.columns`: which lake column belongs to which source column, kept in the transaction that changes either.

use super::Lake;
use super::layout::{Layout, Origin, Slot, State};
use super::metadata::{of_lake_table, texts};
use super::table::ours;
use crate::error::{Error, Result};
use crate::model::sql::{Lit, Sql};
use crate::model::{ChangeSet, TableName};
use crate::sql;

/// `relation` is the table's oid in the source, `source_columns` are all names that the column has had, the newest last;
/// `key_position` counts from 0.
pub(super) fn table() -> Sql {
    sql!(
        "CREATE TABLE IF NOT EXISTS {} (
            source_schema VARCHAR NOT NULL, source_table VARCHAR NOT NULL, lake_column VARCHAR NOT NULL,
            relation BIGINT NOT NULL, attnum SMALLINT NOT NULL, source_columns VARCHAR[] NOT NULL, source_type VARCHAR NOT NULL,
            key_position SMALLINT, state VARCHAR NOT NULL, masked BOOLEAN NOT NULL, since TIMESTAMPTZ NOT NULL,
            lake_schema VARCHAR, lake_table VARCHAR);",
        ours("columns")
    )
}

impl Lake {
    /// What is known of the columns of this lake table, by their names.
    pub(super) fn known_columns(&self, lake: &TableName) -> Result<Vec<(String, Origin)>> {
        let operation = "read _pg2duck.columns";
        let statement = sql!(
            "SELECT lake_column, relation, attnum, to_json(source_columns)::VARCHAR, source_type, key_position, state, masked, \
               since::VARCHAR FROM {} WHERE {}",
            ours("columns"),
            of_lake_table(lake)
        );
        let rows = self.rows(operation, &statement, |row| {
            let (names, state): (String, String) = (row.get(3)?, row.get(6)?);
            let origin = Origin {
                relation: row.get(1)?,
                attnum: row.get(2)?,
                names: Vec::new(),
                declared: row.get(4)?,
                key: row.get(5)?,
                state: State::parse(&state).unwrap_or(State::Current),
                masked: row.get(7)?,
                since: row.get(8)?,
            };
            Ok((row.get::<_, String>(0)?, names, origin))
        })?;
        let with_names = |(column, names, origin): (String, String, Origin)| {
            let names =
                serde_json::from_str(&names).map_err(|error| Error::internal(format!("{operation}: {error}")))?;
            Ok((column, Origin { names, ..origin }))
        };
        rows.into_iter().map(with_names).collect()
    }

    /// Records the columns of the set's table as they are now.
    pub(super) fn record_columns(&self, set: &ChangeSet, layout: &Layout) -> Result<()> {
        self.forget_columns(&set.lake)?;
        let rows: Vec<Sql> = layout.slots().filter_map(|slot| row(set, slot)).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.execute(
            "write _pg2duck.columns",
            &sql!("INSERT INTO {} VALUES {}", ours("columns"), Sql::join(rows, ", ")),
        )
    }

    /// Forgets what is known of this lake table's columns.
    pub(super) fn forget_columns(&self, lake: &TableName) -> Result<()> {
        self.execute("write _pg2duck.columns", &sql!("DELETE FROM {} WHERE {}", ours("columns"), of_lake_table(lake)))
    }
}

fn row(set: &ChangeSet, slot: &Slot) -> Option<Sql> {
    let origin = slot.origin.as_ref()?;
    let names = origin.names.iter().map(|name| sql!("{}", Lit(name)));
    let since = origin.since.as_ref().map_or(Sql::fixed("now()"), |since| sql!("{}::TIMESTAMPTZ", Lit(since)));
    Some(sql!(
        "({}, {}, {}, {}, [{}]::VARCHAR[], {}, {}, {}, {}, {}, {})",
        texts([&set.table.schema, &set.table.table]),
        Lit(&slot.name),
        origin.relation,
        Sql::trusted(origin.attnum.to_string()),
        Sql::join(names, ", "),
        Lit(&origin.declared),
        Sql::trusted(origin.key.map_or_else(|| "NULL".into(), |at| at.to_string())),
        Lit(origin.state.name()),
        origin.masked,
        since,
        texts([&set.lake.schema, &set.lake.table])
    ))
}
