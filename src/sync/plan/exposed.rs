//! Settings hide columns by name, and the lake follows tables and columns by number: what was hidden is not copied in clear under another
//! name until that is asked for.

use super::super::table::TableToSync;
use crate::error::{Error, Result};
use crate::model::{HiddenParts, SourceColumn, TableName, TableSchema};
use crate::source::Relation;
use crate::state::records::BootstrapReason;
use crate::state::{Contents, TableState};

/// # Errors
/// A column was hidden and bears another name now, or its table does, or that was a partition of the table whose settings hide it.
pub fn exposed(ledger: &Contents, table: &TableToSync, relation: &Relation) -> Result<()> {
    let known = ledger.table(table.name());
    let asked = known.and_then(|known| known.bootstrap_reason.as_ref());
    if matches!(asked, Some(BootstrapReason::Resync | BootstrapReason::ResyncDroppingHistory)) {
        return Ok(());
    }
    let oid = relation.schema.relation;
    let own = known.and_then(|known| known.schema.as_ref().map(|schema| (known, schema)));
    let shown = match own.filter(|(_, schema)| schema.relation == oid) {
        Some((known, before)) => of_itself(known, before, relation),
        None => ledger.source.hidden_parts.iter().find_map(|parts| of_a_part(parts, relation)),
    };
    let Some(Shown { column, hidden, of }) = shown else { return Ok(()) };
    let name = table.name();
    let was = of.map_or(String::new(), |of| format!(" of {of}"));
    Err(Error::table(format!(
        "column {:?} of {name} was left out or masked as {hidden:?}{was}, and no setting says so under its name of now: nothing was read; \
         set {} or {}, or, to copy it in clear, run: pg2duck resync {name}",
        column.name,
        name.variable("EXCLUDE"),
        name.variable("MASK")
    )))
}

/// A column that would be copied in clear, and what it was hidden as.
struct Shown<'a> {
    column: &'a SourceColumn,
    hidden: String,
    of: Option<&'a TableName>,
}

fn clear(relation: &Relation) -> impl Iterator<Item = &SourceColumn> {
    relation.schema.columns.iter().filter(|column| !column.is_masked())
}

fn of_itself<'a>(known: &'a TableState, before: &'a TableSchema, relation: &'a Relation) -> Option<Shown<'a>> {
    let hidden = known.hidden.clone().unwrap_or_else(|| before.hidden());
    clear(relation).find_map(|column| {
        let hidden = hidden.get(&column.attnum)?;
        let of = known.former.as_ref();
        (of.is_some() || *hidden != column.name).then(|| Shown { column, hidden: hidden.clone(), of })
    })
}

fn of_a_part<'a>(parts: &'a HiddenParts, relation: &'a Relation) -> Option<Shown<'a>> {
    let is_part = parts.members.contains(&relation.schema.relation);
    clear(relation).filter(|_| is_part).find_map(|column| {
        let hidden = parts.columns.get(&column.attnum)?.clone();
        Some(Shown { column, hidden, of: Some(&parts.of) })
    })
}
