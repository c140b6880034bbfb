//! Which rows of the lake a fresh copy's rows are: by the key, or, where that is another one now, by what both know.

use super::Lake;
use super::layout::{Slot, State};
use super::merge::{Matching, Pair};
use super::schema::Shape;
use crate::error::Result;
use crate::model::ChangeSet;
use crate::model::sql::{Ident, Sql};
use crate::sql;

/// The lake's rows, and how to name their columns.
pub(super) struct LakeRows<'a> {
    /// Those that stand for rows of the source.
    pub alive: &'a Sql,
    /// The name of a slot's column among them.
    pub name: fn(&Slot) -> Option<&str>,
}

/// How a slot is called once the table has been altered.
pub(super) fn name_now(slot: &Slot) -> Option<&str> {
    Some(&slot.name)
}

/// How a slot is called in the table that is about to be replaced.
pub(super) fn name_before(slot: &Slot) -> Option<&str> {
    slot.before.as_ref().map(|before| before.name.as_str())
}

/// What a copy's rows tell of the lake's.
pub(super) enum Found {
    /// Which of them are the same.
    Same(Matching),
    /// Only which are gone.
    Gone(Matching),
}

/// Finds what tells which rows of the lake and of `copy` (a table) are the same; `None` where nothing does.
///
/// The present key does, if the lake had its columns and has a value in each. So does the former one, if the source still has its
/// columns and they still tell rows apart; else they tell at least which rows are gone. Else columns of the former key's names and
/// values do: a key that was widened by way of a new column.
pub(super) fn find(
    lake: &Lake,
    set: &ChangeSet,
    shape: &Shape,
    rows: &LakeRows<'_>,
    copy: &Sql,
) -> Result<Option<Found>> {
    if let Some(matching) = by_key(lake, set, shape, rows)? {
        return Ok(Some(Found::Same(matching)));
    }
    Ok(match by_former_key(shape, rows) {
        Some(matching) if tells_apart(lake, set, copy, &matching)? => Some(Found::Same(matching)),
        Some(matching) => Some(Found::Gone(matching)),
        None => by_name(set, shape, rows).map(Found::Same),
    })
}

/// What tells them by the present key, if that does.
pub(super) fn by_key(lake: &Lake, set: &ChangeSet, shape: &Shape, rows: &LakeRows<'_>) -> Result<Option<Matching>> {
    match by_present_key(set, shape, rows) {
        Some(matching) if !any_missing(lake, set, rows, &matching)? => Ok(Some(matching)),
        _ => Ok(None),
    }
}

fn by_present_key(set: &ChangeSet, shape: &Shape, rows: &LakeRows<'_>) -> Option<Matching> {
    let pair = |name: &String| {
        let slot = shape.of_column(set, name)?;
        slot.before.as_ref()?;
        Some(pair(slot, name, rows))
    };
    let pairs: Option<Vec<Pair>> = set.schema.key.iter().map(|name| pair(name)?).collect();
    pairs.filter(|pairs| !pairs.is_empty()).map(Matching)
}

fn by_former_key(shape: &Shape, rows: &LakeRows<'_>) -> Option<Matching> {
    let pair = |at: usize| {
        let slot = shape.layout.at(at)?;
        let is_current = slot.origin.as_ref()?.state == State::Current;
        if is_current { pair(slot, &slot.name, rows) } else { None }
    };
    let pairs: Option<Vec<Pair>> = shape.before.key().into_iter().map(pair).collect();
    pairs.filter(|pairs| !pairs.is_empty()).map(Matching)
}

fn by_name(set: &ChangeSet, shape: &Shape, rows: &LakeRows<'_>) -> Option<Matching> {
    let former = shape.before.key();
    if former.len() != set.schema.key.len() || former.is_empty() {
        return None;
    }
    let pair = |name: &String| {
        let called = |at: &&usize| shape.before.at(**at).is_some_and(|slot| slot.name == *name);
        let slot = shape.layout.at(*former.iter().find(called)?)?;
        let kind = &set.schema.columns.iter().find(|column| column.name == *name)?.kind;
        let holds = super::layout::can_become(&slot.kind, kind);
        let lake = (rows.name)(slot)?.to_owned();
        holds.then(|| Pair { lake, cast: Some(Sql::trusted(kind.lake_type())), beside: name.clone() })
    };
    set.schema.key.iter().map(pair).collect::<Option<Vec<Pair>>>().map(Matching)
}

fn pair(slot: &Slot, beside: &str, rows: &LakeRows<'_>) -> Option<Pair> {
    let widens = slot.before.as_ref().is_some_and(|before| before.kind != slot.kind);
    let cast = widens.then(|| Sql::trusted(slot.kind.clone()));
    Some(Pair { lake: (rows.name)(slot)?.to_owned(), cast, beside: beside.to_owned() })
}

/// Whether some row of the lake has no value in one of these columns.
fn any_missing(lake: &Lake, set: &ChangeSet, rows: &LakeRows<'_>, matching: &Matching) -> Result<bool> {
    let missing = matching.0.iter().map(|pair| sql!("{} IS NULL", Ident(&pair.lake)));
    let statement = sql!("SELECT EXISTS (FROM {} WHERE {})", rows.alive, Sql::join(missing, " OR "));
    lake.value(&format!("compare the keys of {}", set.lake), &statement)
}

/// Whether these columns tell the copy's rows apart.
fn tells_apart(lake: &Lake, set: &ChangeSet, copy: &Sql, matching: &Matching) -> Result<bool> {
    let names = Sql::names(matching.0.iter().map(|pair| pair.beside.as_str()));
    let statement = sql!("SELECT NOT EXISTS (SELECT 1 FROM {} GROUP BY {} HAVING count(*) > 1)", copy, names);
    lake.value(&format!("compare the keys of {}", set.lake), &statement)
}
