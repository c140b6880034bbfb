//! Looks into the lake while both databases move on: what it shows must be what the source held at the snapshot that it
//! names.

use super::source::{self, Deletes};
use crate::support::{Sandbox, Session};
use std::collections::{BTreeMap, BTreeSet};

/// What is compared between two prunings of the log.
const PRUNE_EVERY: u32 = 25;

/// Rows by key.
pub type Rows = BTreeMap<i64, i64>;

pub struct Observer<'a> {
    sandbox: &'a Sandbox,
    session: Session,
    deletes: Deletes,
    modes: &'a [&'a str],
    /// The snapshot of each table that was looked at last.
    last: BTreeMap<String, String>,
    /// What the history's table showed, by the instant that it named.
    pub shown: Vec<(String, Rows)>,
    /// The keys that the table of soft deletes ever showed.
    pub known: BTreeSet<i64>,
    pub snapshots: u32,
}

/// The rows of a lake table that stand for rows of the source, as `id` and `n`.
pub fn living(mode: &str) -> String {
    match mode {
        "soft_delete" => "SELECT id, n FROM as_soft_delete WHERE _deleted_at IS NULL".into(),
        "history" => "SELECT id, n FROM as_history_current".into(),
        "append" => "SELECT id, n FROM (SELECT * FROM as_append QUALIFY row_number() OVER \
                     (PARTITION BY id ORDER BY rowid DESC) = 1) WHERE _op <> 'd'"
            .into(),
        _ => format!("SELECT id, n FROM as_{mode}"),
    }
}

/// Rows as one text, for [`parse`].
fn as_text(rows: &str) -> String {
    format!("(SELECT coalesce(string_agg(id || ':' || n, ' '), '') FROM ({rows}) AS r)")
}

fn parse(text: &str) -> Rows {
    let pair = |pair: &str| {
        let (id, n) = pair.split_once(':').expect("a key and a value");
        (id.parse().expect("a key"), n.parse().expect("a value"))
    };
    text.split_whitespace().map(pair).collect()
}

impl<'a> Observer<'a> {
    pub fn new(sandbox: &'a Sandbox, deletes: Deletes, modes: &'a [&'a str]) -> Self {
        let (last, shown, known) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        Self { sandbox, session: sandbox.session(), deletes, modes, last, shown, known, snapshots: 0 }
    }

    /// Checks what the lake shows now; false when every table is as it was checked last.
    pub fn look(&mut self) -> bool {
        // One statement, so one transaction of DuckDB.
        let tables = self.modes.iter().map(|mode| {
            format!(
                "SELECT concat_ws('|', '{mode}', snapshot, as_of, {}) FROM _pg2duck.sync WHERE source_table = 'as_{mode}'",
                as_text(&living(mode))
            )
        });
        let sql = tables.collect::<Vec<_>>().join(" UNION ALL ");
        let mut any = false;
        for line in self.sandbox.lake_column(&sql) {
            let [mode, snapshot, as_of, rows] = line.splitn(4, '|').collect::<Vec<_>>()[..] else { panic!("{line}") };
            if self.last.get(mode).is_some_and(|last| last == snapshot) {
                continue;
            }
            any = true;
            self.check(mode, snapshot, as_of, parse(rows));
            self.last.insert(mode.to_owned(), snapshot.to_owned());
        }
        if any {
            self.snapshots += 1;
        }
        any
    }

    fn check(&mut self, mode: &str, snapshot: &str, as_of: &str, shown: Rows) {
        let table = format!("as_{mode}");
        let due = source::rows_at(&mut self.session, &table, snapshot);
        let wrong: Vec<_> = due.iter().filter(|(id, n)| shown.get(id) != Some(n)).take(5).collect();
        assert!(wrong.is_empty(), "{table} lacks or has another version of {wrong:?} at {snapshot}");
        let extra: Vec<_> = shown.keys().filter(|id| !due.contains_key(id)).take(5).collect();
        // Keys are not compared in a cycle that follows one which waits for the lake.
        let may_lag = self.deletes == Deletes::Diff && mode != "full";
        assert!(may_lag || extra.is_empty(), "{table} still has {extra:?} at {snapshot}");
        match mode {
            "history" => self.shown.push((as_of.to_owned(), shown)),
            "soft_delete" => self.known.extend(shown.keys()),
            _ => {}
        }
        let keeps_versions = matches!(mode, "history" | "append");
        if self.snapshots % PRUNE_EVERY == PRUNE_EVERY - 1 && !keeps_versions {
            source::prune(&mut self.session, &table, snapshot);
        }
    }
}
