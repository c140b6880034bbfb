//! The lake table follows the source's schema: columns that were added, types that became wider.

use super::table::{LakeColumn, in_lake};
use crate::error::Result;
use crate::model::ChangeSet;
use crate::model::drift::widens;
use crate::model::sql::{Ident, Sql};
use crate::sql;

/// The ALTER statements that let the lake table hold these columns. Must run before any DELETE of the same transaction:
/// DuckDB 1.5 reports false duplicate keys otherwise.
///
/// # Errors
/// Kind `Table`: a lake column has a type that does not widen into the source's.
pub(super) fn extend(set: &ChangeSet, present: &[LakeColumn]) -> Result<Vec<Sql>> {
    let ChangeSet { lake, table, schema, .. } = set;
    let target = in_lake(lake);
    let mut statements = Vec::new();
    for column in &schema.columns {
        let (name, kind) = (Ident(&column.name), column.kind.in_sql());
        let wanted = column.kind.lake_type();
        let alter = sql!("ALTER TABLE {} ALTER COLUMN {} SET DATA TYPE {}", target, name, kind);
        // DuckDB compares column names without case.
        match present.iter().find(|own| own.name.to_lowercase() == column.name.to_lowercase()) {
            None => statements.push(sql!("ALTER TABLE {} ADD COLUMN {} {}", target, name, kind)),
            Some(own) if same_type(&own.kind, &wanted) => {}
            Some(own) if widens(&own.kind, &wanted) => statements.push(alter),
            Some(own) => {
                return Err(crate::Error::table(format!(
                    "column {:?} of {table} is {} in the lake",
                    column.name, own.kind
                )));
            }
        }
    }
    Ok(statements)
}

/// DuckDB quotes the names inside a STRUCT only where it must.
fn same_type(left: &str, right: &str) -> bool {
    left.replace('"', "") == right.replace('"', "")
}
