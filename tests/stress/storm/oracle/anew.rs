//! Tables that were made anew under their names: their columns are those that the lake has under the names which pg2duck sees first,
//! at the next cycle or, where rows were recorded that it reads, in the first of them.

use super::{Oracle, Part};
use crate::stress::storm::source::Table;

impl Oracle {
    /// The column that the table of another oid had under this name, when the last cycle saw it.
    pub(super) fn number_before(&self, table: &Table, name: &str) -> Option<usize> {
        let epoch = &self.epochs[self.held.get(&table.number)?.last()?.epoch];
        if epoch.table.relation == table.relation {
            return None;
        }
        let at = epoch.table.columns.iter().position(|own| own.name.eq_ignore_ascii_case(name))?;
        Some(epoch.numbers[at])
    }

    /// Has the columns of a table that was made anew since the last cycle go on by their names in the epoch `first`.
    pub(super) fn settle(&mut self, number: usize, first: usize) {
        let relation = self.table(number).relation;
        let before = self.held.get(&number).and_then(|held| Some(&self.epochs[held.last()?.epoch].table));
        if before.is_none_or(|before| before.relation == relation) {
            return;
        }
        for (at, part) in self.parts_of(relation) {
            let own = &self.epochs[first].table;
            let column = own.columns.iter().find(|column| column.attnum == part.attnum);
            let before = column.and_then(|column| self.number_before(own, &column.name));
            let to = match before {
                Some(before) => before,
                None if self.identities[at].parts.is_empty() => at,
                None => self.new_identity(number),
            };
            self.identities[to].parts.push(part);
        }
        let of = |attnum: i16| self.identities.iter().position(|own| own.is(relation, attnum)).expect("it has a part");
        for epoch in self.epochs.iter_mut().filter(|epoch| epoch.table.relation == relation) {
            epoch.numbers = epoch.table.columns.iter().map(|column| of(column.attnum)).collect();
        }
    }

    /// Takes out what columns were in this relation.
    fn parts_of(&mut self, relation: i64) -> Vec<(usize, Part)> {
        let of = |(at, parts): (usize, &mut Vec<Part>)| {
            parts.extract_if(.., |part| part.relation == relation).map(|part| (at, part)).collect::<Vec<_>>()
        };
        self.identities.iter_mut().map(|own| &mut own.parts).enumerate().flat_map(of).collect()
    }
}
