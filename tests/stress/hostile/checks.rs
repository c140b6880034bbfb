//! What must hold of each mode's table once the writers have stopped and one more cycle was made.

use super::observer::{Observer, living};
use super::source::{self, Deletes, ROWS};
use crate::support::Sandbox;
use std::collections::BTreeMap;

/// Checks the table of a mode. `truncated` says that some versions were written into a table that was then emptied.
pub fn check(sandbox: &Sandbox, deletes: Deletes, mode: &str, observer: &Observer<'_>, truncated: bool) {
    living_rows_are_equal(sandbox, mode);
    match mode {
        "soft_delete" => nothing_is_forgotten(sandbox, observer),
        "history" => {
            sandbox.assert_history_is_consistent("as_history", "id");
            what_was_shown_stays_true(sandbox, observer);
        }
        _ => {}
    }
    if matches!(mode, "history" | "append") {
        // A bootstrap shows the last version only, and one is made whenever a table was truncated.
        let every = deletes == Deletes::Versions && !truncated;
        let read = sandbox.lake_value(&format!("SELECT count(*)::VARCHAR FROM as_{mode} WHERE _op = 'r'"));
        assert!(truncated || read == ROWS.to_string(), "as_{mode} was copied afresh: {read} rows");
        versions_are_those_of_the_log(sandbox, mode, every);
    }
}

/// Cell by cell: views on the rows that live, in a copy of the lake, stand for a mirror's table.
fn living_rows_are_equal(sandbox: &Sandbox, mode: &str) {
    let table = format!("as_{mode}");
    if matches!(mode, "mirror" | "full") {
        return sandbox.assert_equal(&table);
    }
    let copy = sandbox.path(&format!("{mode}.duckdb"));
    std::fs::copy(sandbox.lake_path(), &copy).expect("a copy of the lake");
    let lake = duckdb::Connection::open(&copy).expect("the copy opens");
    let rows = living(mode).replace("id, n", "*");
    lake.execute_batch(&format!("CREATE VIEW living AS {rows}")).expect("a view");
    drop(lake);
    sandbox.compare("public", &table).lake_path(copy).lake_name("main", "living").undeclared().check();
}

/// Keys that were ever in the lake still are: those that the source has, and the others with the time of their delete.
fn nothing_is_forgotten(sandbox: &Sandbox, observer: &Observer<'_>) {
    let keys = sandbox.lake_column("SELECT id::VARCHAR FROM as_soft_delete");
    let keys: Vec<i64> = keys.iter().map(|key| key.parse().expect("a key")).collect();
    let first = 0..ROWS as i64;
    let lost: Vec<i64> = observer.known.iter().copied().chain(first).filter(|key| !keys.contains(key)).collect();
    assert!(lost.is_empty(), "{lost:?}: keys that as_soft_delete once had");
    let early = "SELECT count(*)::VARCHAR FROM as_soft_delete, _pg2duck.sync \
                 WHERE source_table = 'as_soft_delete' AND _deleted_at > as_of";
    assert_eq!(sandbox.lake_value(early), "0", "rows deleted after the snapshot");
}

/// What each cycle showed is what the table says of that instant for ever.
fn what_was_shown_stays_true(sandbox: &Sandbox, observer: &Observer<'_>) {
    for (as_of, shown) in &observer.shown {
        let rows = sandbox
            .lake_column(&format!("SELECT id || ':' || n FROM as_history_as_of(TIMESTAMPTZ '{as_of}') ORDER BY id"));
        let due: Vec<String> = shown.iter().map(|(id, n)| format!("{id}:{n}")).collect();
        let differing: Vec<_> = rows.iter().filter(|row| !due.contains(row)).take(5).collect();
        assert!(rows == due, "as of {as_of}: {} rows for {}, as {differing:?}", rows.len(), due.len());
    }
}

/// Versions are told in the order of writing; `every` one, once, or some of them.
fn versions_are_those_of_the_log(sandbox: &Sandbox, mode: &str, every: bool) {
    let written = source::versions(&mut sandbox.session(), &format!("as_{mode}"));
    let n = if mode == "append" { "coalesce(n, (_before->>'n')::BIGINT, -1)" } else { "n" };
    let told = sandbox.lake_column(&format!("SELECT concat_ws(' ', id, _op, {n}) FROM as_{mode} ORDER BY rowid"));
    let mut by_key: BTreeMap<i64, Vec<(String, i64)>> = BTreeMap::new();
    for line in &told {
        let [id, op, n] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        by_key.entry(id.parse().expect("a key")).or_default().push((op.into(), n.parse().expect("a value")));
    }
    if every {
        for (key, due) in &written {
            assert_eq!(by_key.get(key), Some(due), "versions of {key} in as_{mode}: as told, as written");
        }
        return assert_eq!(by_key.len(), written.len(), "keys of as_{mode}");
    }
    let values = |versions: &[(String, i64)]| -> Vec<i64> {
        versions.iter().filter(|(op, _)| op != "d").map(|(_, n)| *n).collect()
    };
    for (key, told) in &by_key {
        let mut due = values(written.get(key).map_or(&[], Vec::as_slice)).into_iter();
        let invented: Vec<_> = values(told).into_iter().filter(|n| !due.any(|other| other == *n)).collect();
        assert!(invented.is_empty(), "versions of {key} in as_{mode} never written, or in another order: {invented:?}");
    }
}
