//! What makes a history table pleasant to read: a view of what is, and a macro for what was.

use super::Lake;
use crate::error::{Error, Result};
use crate::model::sql::quote;
use crate::model::{ChangeSet, Mode, TableName};

/// Creates `<table>_current` and `<table>_as_of(instant)` anew, since a view does not follow its table's columns.
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
    let names: Vec<String> = Mode::History.metadata().iter().map(|(name, _)| quote(name)).collect();
    let rows = format!("SELECT * EXCLUDE ({}) FROM {}", names.join(", "), target.quoted());
    let as_of = TableName::new(&target.schema, format!("{}_as_of", target.table));
    lake.execute(
        &format!("create view {current}"),
        &format!(
            "CREATE OR REPLACE VIEW {} AS {rows} WHERE _is_current; \
             CREATE OR REPLACE MACRO {}(instant) AS TABLE {rows} \
             WHERE _valid_from <= instant AND (_valid_to IS NULL OR instant < _valid_to)",
            current.quoted(),
            as_of.quoted()
        ),
    )
}
