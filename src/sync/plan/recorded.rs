//! What is read of the rows that triggers recorded, and whether it can be told what stood in them.

use super::standing::{Former, Standing, incomparable, may_be_pruned, recorded};
use super::{Facts, TableToSync};
use crate::model::drift::follows;
use crate::model::{Mode, Since, TableSchema};
use crate::source::Relation;

/// What is read of the rows that triggers recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// Up to where the lake has them.
    pub since: Since,
    /// Relations that may have been the table or a part of it until they were dropped.
    pub former: Vec<u32>,
    /// Some were recorded under another shape than the table has now.
    pub reshaped: bool,
    /// Those without a shape are read as the table is now.
    pub shapeless: bool,
    /// Why they are read although the table was just copied, and what may be missing.
    pub why: Option<String>,
}

/// What is read of them; `None` where there is nothing.
pub(super) fn versions(
    facts: &Facts<'_>,
    table: &TableToSync,
    relation: &Relation,
    standing: &Standing<'_>,
) -> Option<Versions> {
    let summary = recorded(facts, table);
    let wanted = match table.mode {
        Mode::History | Mode::Append => true,
        Mode::SoftDelete => standing.bootstrapped || summary.deletes,
        Mode::Mirror | Mode::Full | Mode::FullAppend => false,
    };
    // What was recorded until triggers could be passed by is still true.
    let is_followed = table.complete_audit().is_some() || standing.follows_triggers();
    let before = standing.former.map_or(standing.schema, |former| former.schema);
    if !wanted || !is_followed || !summary.versions || !table.records_rows() || lacked_values(before, &relation.schema)
    {
        return None;
    }
    let shapes = table.audit.as_ref().is_some_and(|audit| audit.shapes);
    let reading = |since, before: &TableSchema| {
        let shapeless = !is_altered(before, &relation.schema);
        // Which rows without a shape are which is looked at where the table has another one now.
        let looked_at =
            (summary.shapeless && !shapeless) || (shapes && before.key_attnums() != relation.schema.key_attnums());
        let reshaped = summary.reshaped || looked_at;
        Versions { since, former: Vec::new(), reshaped, shapeless, why: None }
    };
    if !standing.bootstrapped {
        return Some(Versions { shapeless: true, ..reading(standing.position.since(), standing.schema) });
    }
    // What a table was in another mode has nothing to go on from.
    let former = standing.former.filter(|former| former.schema.mode == table.mode)?;
    let Former { position, schema } = former;
    let read = reading(position.since(), schema);
    if incomparable(facts, position).is_some() || (read.reshaped && !shapes) {
        return None;
    }
    let why = format!("before that, what triggers have recorded since {}", position.as_of);
    let lacking = lacking(facts, table, &former);
    let why = lacking.map_or_else(|| why.clone(), |lacking| format!("{why}, as far as it is known: {lacking}"));
    Some(Versions { former: former.relations(table), why: Some(why), ..read })
}

/// Whether rows that were recorded since the table was like that hold no value of a column that the lake has.
pub(super) fn lacked_values(before: &TableSchema, now: &TableSchema) -> bool {
    let is_hidden = |attnum| before.relation == now.relation && now.left_out.iter().any(|own| own.attnum == attnum);
    before.columns.iter().any(|column| column.expression.is_some() && !is_hidden(column.attnum))
}

/// Why some changes may not be recorded, or not any more.
fn lacking(facts: &Facts<'_>, table: &TableToSync, former: &Former<'_>) -> Option<&'static str> {
    match former.position.audit {
        _ if may_be_pruned(facts, former.position) => Some("some may have been pruned"),
        None => Some("before that nothing was recorded"),
        _ if former.position.audit != table.fingerprint() => Some("the triggers were changed meanwhile"),
        _ => None,
    }
}

/// Why what was recorded since the table was last read cannot be told, if so: the table is copied afresh then.
pub(super) fn unreadable(
    facts: &Facts<'_>,
    table: &TableToSync,
    relation: &Relation,
    standing: &Standing<'_>,
) -> Option<&'static str> {
    let summary = recorded(facts, table);
    if standing.bootstrapped {
        return None;
    }
    let (before, now) = (standing.schema, &relation.schema);
    if summary.deletes && has_exchanged_names(before, now) {
        return Some("columns of its key exchanged their names after rows were deleted");
    }
    let read = versions(facts, table, relation, standing)?;
    let shapes = table.audit.as_ref().is_some_and(|audit| audit.shapes);
    if summary.reshaped && read.reshaped && !shapes {
        return Some(
            "its columns changed, and the role may not read pg2duck.shapes; run: pg2duck setup --role your_role",
        );
    }
    (summary.shapeless && is_altered(before, now))
        .then_some("its columns changed, and its triggers do not record which they were; run: pg2duck setup")
}

/// Whether rows of before cannot be read as the table is now. Columns that were added read NULL, and those that were dropped are passed
/// over unless nobody may see them.
fn is_altered(before: &TableSchema, now: &TableSchema) -> bool {
    let copied = before.columns.iter().map(|column| (column.attnum, &column.name, column.is_masked()));
    let left_out = before.left_out.iter().map(|column| (column.attnum, &column.name, true));
    let renamed = copied.chain(left_out).any(|(attnum, name, hidden)| match name_of(now, attnum) {
        Some(own) => own != name,
        None => hidden || names(now).any(|(_, own)| own == name),
    });
    let retyped = before.columns.iter().any(|before| {
        let now = now.columns.iter().find(|now| now.attnum == before.attnum);
        now.is_some_and(|now| !follows(&before.kind, &now.kind))
    });
    before.relation != 0 && before.relation != now.relation || renamed || retyped
}

/// The names of all columns by attnum, whether copied or not.
fn names(schema: &TableSchema) -> impl Iterator<Item = (i16, &String)> {
    let copied = schema.columns.iter().map(|column| (column.attnum, &column.name));
    copied.chain(schema.left_out.iter().map(|column| (column.attnum, &column.name)))
}

fn name_of(schema: &TableSchema, attnum: i16) -> Option<&String> {
    names(schema).find(|(own, _)| *own == attnum).map(|(_, name)| name)
}

/// Whether the key's columns have the same names as before, but not each its own.
fn has_exchanged_names(before: &TableSchema, now: &TableSchema) -> bool {
    let sorted = |schema: &TableSchema| {
        let mut names = schema.key.clone();
        names.sort();
        names
    };
    before.key != now.key && sorted(before) == sorted(now) && before.key_attnums() == now.key_attnums()
}
