//! What is committed is what the next start reads, step by step, in a real file.

use super::*;
use crate::model::change_set::Comparison;
use crate::model::{BatchKind, BootstrapProgress, DeletesBy, Fence, FullScan, KeyRange, Position, TableSchema};
use crate::state::requests::What;
use chrono::Utc;

fn name() -> TableName {
    TableName::new("public", "orders")
}

fn file(path: &str) -> Batch {
    Batch { path: path.into(), kind: BatchKind::Changes, rows: 10, bytes: 100, rejects: 0, checksum: None }
}

fn position(xmin: u64) -> Position {
    Position {
        fence: Fence { xmin, low: None },
        snapshot: format!("{xmin}:{xmin}:"),
        as_of: format!("2026-11-26 12:00:{xmin:02}.000000"),
        full_scan: None,
        audit: None,
    }
}

fn set(cycle: &str, xmin: u64, payload: Payload) -> ChangeSet {
    ChangeSet {
        cycle: cycle.into(),
        table: name(),
        lake: TableName::new("main", "orders"),
        cursor: "updated_at".into(),
        deletes: DeletesBy::Comparison,
        schema: TableSchema::default(),
        position: position(xmin),
        earlier: Vec::new(),
        origin: None,
        succeeds: Vec::new(),
        drops_history: false,
        former: None,
        payload,
    }
}

fn delta(files: &[&str]) -> Payload {
    Payload::Delta { schema_changed: false, changes: files.iter().map(|path| file(path)).collect(), comparison: None }
}

/// The file holds what memory does.
fn assert_written(folder: &Path, ledger: &Ledger) {
    let read = Contents::read(folder).expect("it can be read").expect("there is one");
    assert_eq!(read.source, ledger.source);
    assert_eq!(read.tables, ledger.tables);
    let newest = |contents: &Contents| -> Vec<_> {
        contents.waiting.values().map(|waiting| (waiting.newest.clone(), waiting.batches, waiting.has_work)).collect()
    };
    assert_eq!(newest(&read), newest(ledger));
}

#[test]
fn a_bootstrap_adds_its_files_and_hands_them_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ledger = Ledger::open(folder.path()).expect("it opens");
    ledger.table_mut(&name()).bootstrap = Some(BootstrapProgress {
        cycle: "1".into(),
        schema: TableSchema::default(),
        position: position(7),
        next_page: Some(8),
        rewritten: false,
        rows: 0,
        files: Vec::new(),
    });
    for chunk in [["a", "b"], ["c", "d"]] {
        ledger.add_bootstrap_files(&name(), chunk.map(file).to_vec());
        ledger.commit(Durability::Process).expect("written");
        assert_written(folder.path(), &ledger);
    }
    let progress = ledger.table(&name()).and_then(|table| table.bootstrap.clone()).expect("under way");
    assert_eq!((progress.rows, progress.files.len()), (40, 4));
    let whole = Payload::Bootstrap { files: progress.files, rewritten: false, changes: vec![file("e")] };
    ledger.enqueue(set("1", 7, whole));
    ledger.commit(Durability::Power).expect("written");
    assert_written(folder.path(), &ledger);
    let waiting = ledger.next_cycle("").expect("read").pop().expect("it waits");
    ledger.applied(&waiting, Some(Counts { rows: 50, ..Counts::default() }));
    ledger.commit(Durability::Process).expect("written");
    assert_written(folder.path(), &ledger);
    let table = ledger.table(&name()).expect("known");
    assert_eq!((table.rows, table.bootstrap.is_none(), table.cycle.as_deref()), (Some(50), true, Some("1")));
    assert_eq!(ledger.archived_of(&name()).expect("read").len(), 5);
}

#[test]
fn a_table_without_changes_only_moves_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ledger = Ledger::open(folder.path()).expect("it opens");
    ledger.enqueue(set("1", 1, delta(&[])));
    assert!(ledger.waiting.is_empty());
    assert_eq!(ledger.table(&name()).and_then(|table| table.position.clone()), Some(position(1)));
    // Behind one that waits it moves that one on, and its full scan is not forgotten.
    let mut changed = set("2", 2, delta(&["a"]));
    changed.position.full_scan = Some(FullScan { xmin: 2, at: Utc::now() });
    ledger.enqueue(changed.clone());
    ledger.enqueue(set("3", 3, delta(&[])));
    ledger.commit(Durability::Power).expect("written");
    let waiting = ledger.next_cycle("").expect("read");
    assert_eq!((waiting.len(), waiting[0].cycle.as_str()), (1, "2"));
    assert_eq!(waiting[0].position, Position { full_scan: changed.position.full_scan, ..position(3) });
    assert_written(folder.path(), &ledger);
}

#[test]
fn a_position_that_is_given_up_tells_what_was_read_until_a_fresh_copy_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ledger = Ledger::open(folder.path()).expect("it opens");
    ledger.enqueue(set("1", 1, delta(&[])));
    // What waits is not in the lake.
    ledger.enqueue(set("2", 2, delta(&["a"])));
    let since = |ledger: &Ledger| ledger.table(&name()).and_then(|table| table.versions_since.clone());
    for _ in 0..2 {
        ledger.reset(&name(), BootstrapReason::Because("a test".into())).expect("reset");
        assert_eq!(since(&ledger), Some(position(1)));
    }
    let whole = set("3", 3, Payload::Bootstrap { files: vec![file("b")], rewritten: false, changes: Vec::new() });
    ledger.enqueue(whole.clone());
    ledger.reset(&name(), BootstrapReason::Resync).expect("reset");
    assert_eq!(since(&ledger), Some(position(1)));
    ledger.enqueue(whole.clone());
    ledger.applied(&whole, None);
    ledger.commit(Durability::Power).expect("written");
    assert_eq!(since(&ledger), None);
    assert_written(folder.path(), &ledger);
}

#[test]
fn what_is_given_up_is_garbage() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ledger = Ledger::open(folder.path()).expect("it opens");
    ledger.enqueue(set("1", 1, delta(&["a"])));
    ledger.enqueue(set("2", 2, delta(&["b", "c"])));
    ledger.commit(Durability::Power).expect("written");
    assert_eq!(ledger.waiting.values().map(|waiting| waiting.batches).sum::<usize>(), 3);
    let garbage = ledger.reset(&name(), BootstrapReason::Because("a test".into())).expect("reset");
    assert_eq!(garbage.iter().map(|file| file.path.to_string_lossy()).collect::<Vec<_>>(), ["a", "b", "c"]);
    ledger.commit(Durability::Process).expect("written");
    assert_written(folder.path(), &ledger);
    assert!(ledger.next_cycle("").expect("read").is_empty());
}

#[test]
fn a_comparison_that_finds_nothing_is_no_work_but_is_remembered() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ledger = Ledger::open(folder.path()).expect("it opens");
    let progress = ComparisonProgress { begun: Utc::now(), next_key: Some("7".into()), repairs: false };
    let compared = |differing: Vec<KeyRange>| Payload::Delta {
        schema_changed: false,
        changes: Vec::new(),
        comparison: Some(Comparison { progress: progress.clone(), differing, repairs: false }),
    };
    ledger.enqueue(set("1", 1, compared(Vec::new())));
    assert!(ledger.waiting.is_empty());
    assert_eq!(ledger.table(&name()).and_then(|table| table.comparison.clone()), Some(progress.clone()));
    ledger.enqueue(set("2", 2, compared(vec![KeyRange::default()])));
    assert_eq!(ledger.waiting_for_lake().collect::<Vec<_>>(), [&name()]);
}

#[test]
fn the_record_that_all_is_up_to_date_is_void_once_anything_else_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ledger = Ledger::open(folder.path()).expect("it opens");
    let record = UpToDate {
        snapshot: "7:7:".into(),
        as_of: "2026-11-26 12:00:00.000000".into(),
        synced_at: Utc::now(),
        until: Utc::now(),
        settings: 1,
        tables: 1,
        lake: None,
    };
    ledger.table_mut(&name()).position = Some(position(7));
    ledger.record_up_to_date(record.clone());
    ledger.commit(Durability::Process).expect("written");
    assert_eq!(ledger.still_up_to_date().expect("read"), Some(&record));
    super::super::requests::leave(folder.path(), &name(), What::Resync).expect("a request can be left");
    assert_eq!(ledger.still_up_to_date().expect("read"), None);
    ledger.record_up_to_date(record);
    ledger.commit(Durability::Process).expect("written");
    assert_eq!(ledger.still_up_to_date().expect("read"), None, "a request waits");
}

#[test]
fn a_ledger_of_the_version_before_is_taken_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(schema::FILE);
    let old = schema::open_at(&path, 3).expect("a file of version 3");
    let body = r#"{"cursor":{"xmin":770,"low":"2026-11-26 11:59:00.000000"},"swept":{"xmin":700,"at":"2026-11-26T11:00:00Z"},
        "layout":{"columns":[{"attnum":1,"name":"id","type":"int8","read":"as_is","declared":"bigint","has_missing":false}],
                  "key":["id"],"key_proven":true,"mode":"history","storage":"abc","left_out":[]},
        "audit":"triggers","diff":{"begun":"2026-11-26T11:30:00Z","position":"50000"},"deletes":"full copy",
        "lake":{"schema":"main","table":"orders"},"cursor_column":"updated_at","bootstrap":null,"copy_reason":null,
        "since":"20261126T100000000000Z","cycle":"20261126T115900000000Z","as_of":"2026-11-26 11:59:30.000000","snapshot":"770:771:770",
        "rows":100,"rejects":2,"last_sync_at":"2026-11-26T11:59:31Z","error":null}"#;
    let reset = r#"{"cursor":null,"swept":null,"layout":null,"lake":null,"cursor_column":null,"bootstrap":null,
        "copy_reason":"resync was asked for","as_of":null,"rows":null,"last_sync_at":null,"error":"it failed"}"#;
    for (table, body) in [("orders", body), ("other", reset)] {
        old.execute("INSERT INTO tables VALUES ('public', ?1, ?2)", [table, body]).expect("written");
    }
    old.execute("INSERT INTO pending VALUES ('1', 'public', 'orders', 1, '{}')", []).expect("written");
    drop(old);
    // Looked at first by `status`, which changes nothing.
    let looked_at = Contents::read(folder.path()).expect("it can be read").expect("there is one");
    let ledger = Ledger::open(folder.path()).expect("it opens");
    assert_eq!(looked_at.tables, ledger.tables);
    let orders = ledger.table(&name()).expect("known");
    let position = orders.position.as_ref().expect("the lake holds it");
    assert_eq!((position.fence.xmin, position.fence.low.as_deref()), (770, Some("2026-11-26 11:59:00.000000")));
    assert_eq!((position.snapshot.as_str(), position.audit.as_deref()), ("770:771:770", Some("triggers")));
    assert_eq!(position.full_scan.as_ref().map(|scan| scan.xmin), Some(700));
    assert_eq!(orders.comparison.as_ref().and_then(|comparison| comparison.next_key.as_deref()), Some("50000"));
    assert_eq!(orders.schema.as_ref().map(|schema| schema.mode.name()), Some("history"));
    assert_eq!((orders.deletes, orders.rows, orders.rejects), (Some(DeletesBy::FullRead), Some(100), 2));
    let other = ledger.table(&TableName::new("public", "other")).expect("known");
    assert_eq!((&other.position, &other.bootstrap_reason), (&None, &Some(BootstrapReason::Resync)));
    assert_eq!(other.error.as_deref(), Some("it failed"));
    assert!(ledger.waiting.is_empty());
}
