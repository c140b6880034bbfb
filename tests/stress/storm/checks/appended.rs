//! Modes history and append, where triggers record every change: every version is there, once, and in order.

use super::{Look, Wrong, differences, several};
use crate::stress::storm::Deletes;
use crate::stress::storm::lake::{LakeRow, LakeTable};
use crate::stress::storm::oracle::{Epoch, Event, Held};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

impl Look<'_> {
    /// Versions that were inserted or updated are those that were written; deletes of history are there, where others may be
    /// that no statement made.
    pub(super) fn every_version(&self, number: usize, table: &LakeTable<'_>, rows: &[LakeRow]) -> Wrong {
        if self.deletes != Deletes::Full {
            return Wrong::new();
        }
        let written: Vec<_> = self.oracle.events_of(number).filter(|event| ['c', 'u'].contains(&event.op)).collect();
        let expected =
            written.iter().map(|event| format!("{} {}", event.op, self.show(&self.expected(table, &event.row))));
        let found = rows.iter().filter(|row| ["c", "u"].contains(&row.own("_op")));
        let found = found.map(|row| format!("{} {}", row.own("_op"), self.show(&self.unerased(&row.image))));
        let (missing, extra) = differences(expected.collect(), found.collect());
        let mut wrong = several("a version that was written is missing", missing);
        wrong.extend(several("a version that nobody wrote", extra));
        wrong.extend(self.every_delete(number, table, rows));
        wrong
    }

    fn every_delete(&self, number: usize, table: &LakeTable<'_>, rows: &[LakeRow]) -> Wrong {
        let appended = table.has("_before");
        let deleted = self.oracle.events_of(number).filter(|event| event.op == 'd');
        let expected = deleted.map(|event| {
            let mut image = self.expected(table, &event.row);
            if appended {
                let key = self.keys_around(number, event);
                image.retain(|number, _| key.contains(number));
            }
            self.show(&image)
        });
        let found = rows.iter().filter(|row| row.own("_op") == "d");
        let (missing, _) =
            differences(expected.collect(), found.map(|row| self.show(&self.unerased(&row.image))).collect());
        several("a delete is missing", missing)
    }

    /// A deleted row has nothing but its key in a log: the one that the lake had it by, as long as the table had those columns,
    /// and the one that the cycle found.
    fn keys_around(&self, number: usize, event: &Event) -> BTreeSet<usize> {
        let held = &self.oracle.held[&number];
        let cycle = held.iter().position(|held| held.seq >= event.seq).expect("a cycle that found it");
        let epoch = |held: &Held| &self.oracle.epochs[held.epoch];
        let then = &self.oracle.epochs[event.epoch];
        let before = cycle.checked_sub(1).map(|before| epoch(&held[before]));
        let has_its_key = |before: &&Epoch| {
            before.table.relation == then.table.relation && before.key().iter().all(|own| then.numbers.contains(own))
        };
        let known = before.filter(has_its_key).unwrap_or(then);
        known.key().iter().chain(epoch(&held[cycle]).key()).copied().collect()
    }

    /// `_seq` never says the same twice, and of one row what came later says more.
    pub(super) fn order_of_versions(&self, number: usize, table: &LakeTable<'_>, rows: &[LakeRow]) -> Wrong {
        if !table.has("_seq") {
            return vec!["there is no _seq".into()];
        }
        let seq = |row: &LakeRow| row.own("_seq").parse::<i64>().expect("_seq is a number");
        let mut wrong = Wrong::new();
        if rows.windows(2).any(|pair| seq(&pair[0]) == seq(&pair[1])) {
            wrong.push("_seq is there twice".into());
        }
        if self.deletes != Deletes::Full {
            return wrong;
        }
        let mut told: HashMap<String, VecDeque<i64>> = HashMap::new();
        for row in rows.iter().filter(|row| ["c", "u"].contains(&row.own("_op"))) {
            told.entry(self.show(&self.unerased(&row.image))).or_default().push_back(seq(row));
        }
        let mut last: BTreeMap<Vec<String>, i64> = BTreeMap::new();
        for event in self.oracle.events_of(number).filter(|event| ['c', 'u'].contains(&event.op)) {
            let image = self.expected(table, &event.row);
            let Some(seq) = told.get_mut(&self.show(&image)).and_then(VecDeque::pop_front) else { continue };
            let Some(key) = self.key_of(self.key_at(event), &image) else { continue };
            let key: Vec<String> = key.into_iter().cloned().collect();
            if last.insert(key, seq).is_some_and(|before| before > seq) {
                wrong.push(format!("out of order by _seq: {}", self.show(&image)));
            }
        }
        wrong
    }
}
