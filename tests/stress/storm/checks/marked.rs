//! Mode soft_delete: rows that are gone from the source are marked, stay, and hold the last that could be known of them.

use super::{Look, Wrong, several};
use crate::stress::storm::Deletes;
use crate::stress::storm::cells::Image;
use crate::stress::storm::lake::{LakeRow, LakeTable};
use std::collections::{BTreeMap, BTreeSet};

impl Look<'_> {
    pub(super) fn marked_rows(&self, number: usize, table: &LakeTable<'_>, marked: &[LakeRow]) -> Wrong {
        let (now, _) = self.oracle.last_two(number);
        let living: Vec<Image> = now.rows.iter().map(|row| self.expected(table, row)).collect();
        let found: BTreeSet<String> = marked.iter().map(|row| self.show(&self.unerased(&row.image))).collect();
        let kept = self.kept.get(&number).map_or(&[][..], Vec::as_slice).iter().map(|row| self.unerased(&row.image));
        let lost =
            kept.filter(|image| !found.contains(&self.show(image)) && !self.is_replaced(number, table, image, &living));
        let mut wrong = several("a marked row is lost or altered", lost.map(|image| self.show(&image)).collect());
        let is_marked = |epoch: usize, image: &Image| marked.iter().any(|row| self.as_in(epoch, &row.image) == *image);
        let gone = self.gone(number, table, &living).into_iter();
        let unmarked = gone.filter(|(epoch, image)| !is_marked(*epoch, image)).map(|(_, image)| self.show(&image));
        wrong.extend(several("a deleted row is not marked, or not as it last was", unmarked.collect()));
        wrong.extend(self.marked_and_living(number, table, marked, &living));
        if !table.has("_op") {
            wrong.push("there is no _op".into());
        }
        wrong
    }

    /// Whether a row with its key came or went since the last cycle.
    fn is_replaced(&self, number: usize, table: &LakeTable<'_>, image: &Image, living: &[Image]) -> bool {
        let (now, before) = self.oracle.last_two(number);
        let since = before.map_or(0, |held| held.seq);
        let has = |key: &[usize], other: &Image| {
            let own = self.key_of(key, image);
            own.is_some() && own == self.key_of(key, other)
        };
        let key = self.oracle.epochs[now.epoch].key();
        living.iter().any(|row| has(key, row))
            || self
                .oracle
                .events_of(number)
                .filter(|event| event.seq > since && event.op != 't')
                .any(|event| has(self.key_at(event), &self.expected(table, &event.row)))
    }

    /// Rows that the last cycle saw, or that triggers recorded since, and that are gone: as they last were known.
    fn gone(&self, number: usize, table: &LakeTable<'_>, living: &[Image]) -> Vec<(usize, Image)> {
        let (now, Some(before)) = self.oracle.last_two(number) else { return Vec::new() };
        let key = self.oracle.epochs[now.epoch].key();
        let same_key = |epoch: usize| self.oracle.epochs[epoch].key() == key;
        let since: Vec<_> =
            self.oracle.events_of(number).filter(|event| event.seq > before.seq && event.op != 't').collect();
        if !same_key(before.epoch) || since.iter().any(|event| !same_key(event.epoch)) {
            return Vec::new();
        }
        let seen = before.rows.iter().map(|row| (before.epoch, self.expected(table, row)));
        let recorded = since.iter().map(|event| (event.epoch, self.expected(table, &event.row)));
        let recorded = recorded.filter(|_| self.deletes == Deletes::Full);
        let owned =
            |image: &Image| -> Option<Vec<String>> { Some(self.key_of(key, image)?.into_iter().cloned().collect()) };
        let mut last: BTreeMap<Vec<String>, (usize, Image)> =
            seen.chain(recorded).filter_map(|(epoch, image)| Some((owned(&image)?, (epoch, image)))).collect();
        living.iter().filter_map(owned).for_each(|key| drop(last.remove(&key)));
        last.into_values().collect()
    }

    /// A row that never was deleted and never changed its key is not marked while it lives. Where another key took the place of the one
    /// that the lake has, that is its key, too.
    fn marked_and_living(&self, number: usize, table: &LakeTable<'_>, marked: &[LakeRow], living: &[Image]) -> Wrong {
        let born = self.oracle.identities.iter().position(|own| own.table == number && own.names() == ["born"]);
        let born = born.expect("every table has it");
        let of = |image: &Image| image.get(&born).cloned();
        let mut alive: BTreeSet<String> = living.iter().filter_map(of).collect();
        // One that was marked before was looked at then.
        let kept: BTreeSet<String> =
            self.kept.get(&number).map_or(&[][..], Vec::as_slice).iter().filter_map(|row| of(&row.image)).collect();
        alive.retain(|born| !kept.contains(born));
        let (now, before) = self.oracle.last_two(number);
        let keys = before.map(|before| [before.epoch, now.epoch].map(|epoch| self.oracle.epochs[epoch].key()));
        if let (Some(before), Some([former, present])) = (before, keys)
            && former != present
        {
            let key_of =
                |image: &Image| self.key_of(former, image).map(|key| key.into_iter().cloned().collect::<Vec<_>>());
            let was: BTreeMap<Option<String>, Option<Vec<String>>> =
                before.rows.iter().map(|row| self.expected(table, row)).map(|row| (of(&row), key_of(&row))).collect();
            let moved = living.iter().filter(|row| was.get(&of(row)).is_some_and(|key| *key != key_of(row)));
            let moved: BTreeSet<String> = moved.filter_map(of).collect();
            alive.retain(|born| !moved.contains(born));
        }
        for event in self.oracle.events_of(number).filter(|event| event.op == 'd') {
            if let Some(value) = event.row.get(&born) {
                alive.remove(&value.cell);
            }
        }
        let wrong = marked.iter().filter(|row| of(&row.image).is_some_and(|born| alive.contains(&born)));
        several("a living row is marked", wrong.map(|row| self.show(&row.image)).collect())
    }
}
