//! What makes a history table pleasant to read: a view of what is, and a macro for what was.

use super::Lake;
use super::table::in_lake;
use crate::error::{Error, Result};
use crate::model::sql::{Ident, Sql};
use crate::model::{ChangeSet, Mode, TableName};
use crate::sql;

/// DuckDB's own catalogs: in a schema of such a name, a macro cannot say which table it means.
const CATALOGS: [&str; 3] = ["memory", "system", "temp"];

/// Creates `<table>_current` and `<table>_as_of(instant)` anew, since a view does not follow its table's columns.
///
/// Readers open the file under a name of their own, so neither names the catalog: a view looks in its own schema first, a macro
/// needs the schema's name.
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
    if CATALOGS.contains(&target.schema.to_lowercase().as_str()) {
        return Ok(());
    }
    let as_of = TableName::new(&target.schema, format!("{}_as_of", target.table));
    lake.execute(
        &operation,
        &sql!(
            "CREATE OR REPLACE MACRO {}(instant) AS TABLE {} {}.{} \
             WHERE _valid_from <= instant AND (_valid_to IS NULL OR instant < _valid_to)",
            in_lake(&as_of),
            rows,
            Ident(&target.schema),
            Ident(&target.table)
        ),
    )
}
