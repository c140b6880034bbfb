//! Which lake column belongs to which source column, and what becomes of a table's columns when the source's change. Pure.
//!
//! A lake column belongs to a source column by the table's oid and the column's attnum, neither of which Postgres gives out
//! twice; its name follows. Where the lake knows no better (a table of another oid under the same name, a lake that an earlier
//! version made), names tell. A column that the source has no longer keeps its name until another one needs it.

use super::table::LakeColumn;
use crate::model::drift::{reads_alike, widens};
use crate::model::{ColumnType, SourceColumn, TableSchema};
use std::collections::BTreeSet;

/// How a lake column stands to its source column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It holds the column's values.
    Current,
    /// The source has no such column any more, or the role may not read it: NULL from then on.
    Dropped,
    /// The column changed its type in a way that this one could not follow; another goes on.
    Superseded,
}

impl State {
    const NAMES: [(&str, Self); 3] =
        [("current", Self::Current), ("dropped", Self::Dropped), ("superseded", Self::Superseded)];

    /// As `_pg2duck.columns` spells it.
    pub(super) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, state)| *state == self).map_or("current", |(name, _)| name)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(name, _)| *name == text).map(|(_, state)| *state)
    }
}

/// The source column that a lake column belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// The table's oid.
    pub relation: u32,
    pub attnum: i16,
    /// All names that it has had, the newest last.
    pub names: Vec<String>,
    pub declared: String,
    /// Its place in the key.
    pub key: Option<u16>,
    pub state: State,
    /// It holds hashes only.
    pub masked: bool,
    /// Since when, as the lake prints it; `None` for now.
    pub since: Option<String>,
}

/// A lake column, as it is and as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// Its name in the lake table; `None` for one that is to be added.
    pub before: Option<LakeColumn>,
    pub name: String,
    /// The type as DuckDB prints it.
    pub kind: String,
    /// Unknown where an earlier version made it, or a user.
    pub origin: Option<Origin>,
}

impl Slot {
    /// The same, for the source column as it is now.
    fn goes_on(self, now: Origin, kind: &str) -> Self {
        let (mut names, since) = self.origin.map_or_else(Default::default, |origin| (origin.names, origin.since));
        let name = now.names.last().cloned().unwrap_or(self.name);
        names.retain(|former| *former != name);
        names.push(name.clone());
        let kind = if same_type(&self.kind, kind) { self.kind } else { kind.to_owned() };
        Self { name, kind, origin: Some(Origin { names, since, ..now }), ..self }
    }

    /// The same, once another one goes on for its source column.
    fn superseded(self, now: &Origin) -> Self {
        let origin = self.origin.unwrap_or_else(|| now.clone());
        Self { origin: Some(Origin { state: State::Superseded, key: None, ..origin }), ..self }
    }
}

/// The columns of a lake table, but for the mode's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// A place here is a column's for as long as the layout lives; `None` for one that is to be dropped.
    slots: Vec<Option<Slot>>,
    /// All names of columns that settings have hidden.
    pub hidden: BTreeSet<String>,
}

impl Layout {
    /// The columns of a table as it is, and what is known of them by their names.
    pub fn new(present: &[LakeColumn], schema: &TableSchema, known: &[(String, Origin)]) -> Self {
        let own = schema.metadata();
        let of_source = present.iter().filter(|column| !own.iter().any(|(name, _)| same(name, &column.name)));
        let slot = |column: &LakeColumn| Slot {
            before: Some(column.clone()),
            name: column.name.clone(),
            kind: column.kind.clone(),
            origin: known.iter().find(|(name, _)| same(name, &column.name)).map(|(_, origin)| origin.clone()),
        };
        Self { slots: of_source.map(|column| Some(slot(column))).collect(), hidden: BTreeSet::new() }
    }

    /// The columns that there are to be, in their order.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().flatten()
    }

    /// The names of the columns that are to be dropped, as they are now, of the layout that this one was.
    pub fn dropped<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a LakeColumn> {
        let gone = before.slots.iter().enumerate().filter(|(at, _)| self.slots[*at].is_none());
        gone.filter_map(|(_, slot)| slot.as_ref()?.before.as_ref())
    }

    /// Columns that others go on for.
    pub fn superseded(&self) -> impl Iterator<Item = &Slot> {
        let is = |slot: &&Slot| slot.origin.as_ref().is_some_and(|origin| origin.state == State::Superseded);
        self.slots().filter(is)
    }

    /// The column at this place.
    pub fn at(&self, place: usize) -> Option<&Slot> {
        self.slots.get(place)?.as_ref()
    }

    /// Where the columns of the key are, as far as the lake knows, in key order; none where it does not.
    pub fn key(&self) -> Vec<usize> {
        let in_key = self.slots.iter().enumerate().filter_map(|(at, slot)| {
            let origin = slot.as_ref()?.origin.as_ref()?;
            (origin.state == State::Current).then_some((origin.key?, at))
        });
        let mut key: Vec<(u16, usize)> = in_key.collect();
        key.sort_unstable();
        key.into_iter().map(|(_, at)| at).collect()
    }

    /// Takes in the source's columns. Answers where each of them is. `keeps_past`: what an incompatible type leaves behind stays.
    pub fn follow(&mut self, schema: &TableSchema, keeps_past: bool) -> Vec<usize> {
        let matched: Vec<Option<usize>> = schema.columns.iter().map(|column| self.find(schema, column)).collect();
        self.drop_hidden(schema, &matched, keeps_past);
        let places: Vec<usize> = schema
            .columns
            .iter()
            .zip(matched)
            .map(|(column, place)| self.place(schema, column, place, keeps_past))
            .collect();
        for (at, slot) in self.slots.iter_mut().enumerate() {
            let origin = slot.as_mut().and_then(|slot| slot.origin.as_mut());
            if let Some(origin) = origin.filter(|origin| origin.state == State::Current && !places.contains(&at)) {
                origin.state = State::Dropped;
            }
        }
        self.make_room(schema, &places);
        places
    }

    /// Where the source column's values stand, if anywhere.
    fn find(&self, schema: &TableSchema, column: &SourceColumn) -> Option<usize> {
        let is_of_table = |origin: &Origin| schema.relation != 0 && origin.relation == schema.relation;
        let by_attnum = |slot: &Slot| {
            slot.origin.as_ref().is_some_and(|origin| {
                is_of_table(origin) && origin.attnum == column.attnum && origin.state != State::Superseded
            })
        };
        // Of another table, or of none that is known.
        let by_name = |slot: &Slot| {
            let origin = slot.origin.as_ref();
            let free = origin.is_none_or(|origin| !is_of_table(origin) && origin.state == State::Current);
            free && same(&slot.name, &column.name)
        };
        let position =
            |wanted: &dyn Fn(&Slot) -> bool| self.slots.iter().position(|slot| slot.as_ref().is_some_and(wanted));
        position(&by_attnum).or_else(|| position(&by_name))
    }

    /// Drops what must not stand in the lake any more: columns that are left out by choice, and clear values of masked ones, of
    /// the column itself and of former ones that had its name. What may not be read any more goes only where nothing of the past stays.
    fn drop_hidden(&mut self, schema: &TableSchema, matched: &[Option<usize>], keeps_past: bool) {
        let left_out = schema.left_out.iter().filter(|column| !(column.unreadable && keeps_past));
        let left_out = left_out.map(|column| (column.attnum, &column.name, true));
        let masked = schema.columns.iter().filter(|column| column.is_masked());
        let masked = masked.map(|column| (column.attnum, &column.name, false));
        for (attnum, hider, whole) in left_out.chain(masked) {
            for (at, place) in self.slots.iter_mut().enumerate() {
                let Some(slot) = place else { continue };
                let column = matched.iter().position(|found| *found == Some(at)).map(|at| &schema.columns[at]);
                let hides = match (column, &slot.origin) {
                    // Of a column that an earlier version masked it is not known whether it was masked then.
                    (Some(column), Some(origin)) => !whole && column.attnum == attnum && !origin.masked,
                    (Some(_), None) => false,
                    (None, Some(origin)) => {
                        let is = (origin.relation, origin.attnum) == (schema.relation, attnum);
                        // What a living column was called once, or held in another type, is its own.
                        let lives = origin.relation == schema.relation
                            && schema.columns.iter().any(|column| column.attnum == origin.attnum);
                        (whole || !origin.masked) && (is || (!lives && origin.names.contains(hider)))
                    }
                    (None, None) => same(&slot.name, hider),
                };
                if hides {
                    self.hidden.insert(hider.clone());
                    self.hidden.extend(slot.origin.iter().flat_map(|origin| origin.names.iter().cloned()));
                    *place = None;
                }
            }
        }
    }

    /// Drops the columns that are not at these places.
    pub fn keep_only(&mut self, places: &[usize]) {
        for (at, slot) in self.slots.iter_mut().enumerate() {
            if !places.contains(&at) {
                *slot = None;
            }
        }
    }

    /// Has the source column's values stand in the slot where they stood, or in a new one.
    fn place(&mut self, schema: &TableSchema, column: &SourceColumn, found: Option<usize>, keeps_past: bool) -> usize {
        let key = schema.key.iter().position(|name| *name == column.name).and_then(|at| u16::try_from(at).ok());
        let now = Origin {
            relation: schema.relation,
            attnum: column.attnum,
            names: vec![column.name.clone()],
            declared: column.declared.clone(),
            key,
            state: State::Current,
            masked: column.is_masked(),
            since: None,
        };
        let kind = column.kind.lake_type();
        if let Some((at, slot)) = found.and_then(|at| Some((at, self.slots[at].take()?))) {
            let goes_on = if keeps_past { reads_on(&slot.kind, &kind) } else { can_become(&slot.kind, &column.kind) };
            if goes_on {
                self.slots[at] = Some(slot.goes_on(now, &kind));
                return at;
            }
            self.slots[at] = keeps_past.then(|| slot.superseded(&now));
        }
        self.slots.push(Some(Slot { before: None, name: column.name.clone(), kind, origin: Some(now) }));
        self.slots.len() - 1
    }

    /// Gives columns whose names are needed for others a name of their own: the old one, and the column's number in Postgres.
    fn make_room(&mut self, schema: &TableSchema, places: &[usize]) {
        let own: Vec<&str> = schema.metadata().iter().map(|(name, _)| *name).collect();
        for at in 0..self.slots.len() {
            let Some(Slot { name, origin, .. }) = &self.slots[at] else { continue };
            let (name, number) = (name.clone(), origin.as_ref().map_or_else(|| "old".into(), |o| o.attnum.to_string()));
            let needed = schema.columns.iter().any(|column| same(&column.name, &name));
            if places.contains(&at) || !(needed || own.iter().any(|own| same(own, &name))) {
                continue;
            }
            let taken = |wanted: &str| {
                own.iter().any(|own| same(own, wanted))
                    || schema.columns.iter().any(|column| same(&column.name, wanted))
                    || self.slots().any(|slot| same(&slot.name, wanted))
            };
            let first = format!("{name}__{number}");
            let mut others = (2..).map(|n| format!("{first}_{n}"));
            let free = std::iter::once(first.clone()).chain(&mut others).find(|wanted| !taken(wanted));
            if let (Some(slot), Some(free)) = (&mut self.slots[at], free) {
                slot.name = free;
            }
        }
    }
}

/// DuckDB compares names without case.
pub(super) fn same(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

/// DuckDB quotes the names inside a STRUCT only where it must.
pub(super) fn same_type(left: &str, right: &str) -> bool {
    left.replace('"', "") == right.replace('"', "")
}

/// Whether a lake column of this type can hold values of the source's, and keep its own.
pub(super) fn can_become(kind: &str, column: &ColumnType) -> bool {
    same_type(kind, &column.lake_type()) || widens(kind, &column.lake_type())
}

/// Whether it can, and what it holds reads as before: else what is kept of the past would be altered.
fn reads_on(kind: &str, lake_type: &str) -> bool {
    same_type(kind, lake_type) || reads_alike(kind, lake_type)
}

#[cfg(test)]
mod tests;
