//! What makes a history table pleasant to read: a view of what is, and a macro for what was.

use super::Lake;
use super::table::in_lake;
use crate::error::{Error, Result};
use crate::model::sql::{Ident, Lit, Sql};
use crate::model::{ChangeSet, Mode, TableName};
use crate::sql;

/// Creates `<table>_current` and `<table>_as_of(instant)` anew, since a view does not follow its table's columns.
///
/// Readers open the file under a name of their own, which neither can hold. A view looks in its own schema first. A macro looks
/// where its reader does, and a name of schema and table alone may mean a catalog of the schema's name (`temp`, `system`, or the
/// file's own): so it asks for the reader's database.
///
/// # Errors
/// Kind `Table`: a table of that name stands in the way.
pub(super) fn create_views(lake: &Lake, set: &ChangeSet) -> Result<()> {
    if set.schema.mode != Mode::History {
        return Ok(());
    }
    let target = &set.lake;
    let current = TableName::new(&target.schema, format!("{}_current", target.table));
    if lake.is_table(&current)? {
        return Err(Error::table(format!(
            "lake table {current} stands where the view of {target}'s current rows belongs; give one of them another name \
             with DUCKDB_TABLE"
        )));
    }
    let ours = Sql::names(Mode::History.metadata().iter().map(|(name, _)| *name));
    let rows = sql!("SELECT * EXCLUDE ({}) FROM", ours);
    let operation = format!("create view {current}");
    lake.execute(
        &operation,
        &sql!("CREATE OR REPLACE VIEW {} AS {} {} WHERE _is_current", in_lake(&current), rows, Ident(&target.table)),
    )?;
    let as_of = TableName::new(&target.schema, format!("{}_as_of", target.table));
    lake.execute(
        &operation,
        &sql!(
            "CREATE OR REPLACE MACRO {}(instant) AS TABLE {} {} \
             WHERE _valid_from <= instant AND (_valid_to IS NULL OR instant < _valid_to)",
            in_lake(&as_of),
            rows,
            in_database_of_reader(target)
        ),
    )
}

/// Drops both, before their table goes or gets another name.
pub(super) fn drop_views(lake: &Lake, table: &TableName) -> Result<()> {
    let name = |suffix: &str| in_lake(&TableName::new(&table.schema, format!("{}_{suffix}", table.table)));
    let statement = sql!("DROP VIEW IF EXISTS {}; DROP MACRO TABLE IF EXISTS {}", name("current"), name("as_of"));
    lake.execute(&format!("drop the views of {table}"), &statement)
}

/// This table in the database that whoever runs the statement is using.
fn in_database_of_reader(table: &TableName) -> Sql {
    let name = sql!(r#"".{}.{}"#, Ident(&table.schema), Ident(&table.table));
    sql!(r#"query('FROM "' || replace(current_database(), '"', '""') || {})"#, Lit(name.as_str()))
}
