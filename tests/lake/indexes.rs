//! A user's own indexes on lake tables: they keep nothing from following the source, and answer as a full scan does, whatever ended
//! the process before.

use crate::support::{Random, Sandbox, wait_until};
use duckdb::{AccessMode, Config, Connection};
use std::time::{Duration, Instant};

const ROWS: u32 = 3000;
const DIFF_INTERVAL: Duration = Duration::from_secs(1);

fn sandbox(mode: &str) -> Sandbox {
    let sandbox = Sandbox::new(&format!(
        "CREATE TABLE t (id int PRIMARY KEY, v int, w text, updated_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO t SELECT g, g % 100, 'w' || g % 100 FROM generate_series(1, {ROWS}) g"
    ));
    let sandbox = sandbox.with("SYNC_MODE", mode).with("DIFF_INTERVAL", format!("{}s", DIFF_INTERVAL.as_secs()));
    sandbox.once();
    in_lake(&sandbox, r#"CREATE INDEX by_v ON t (v); CREATE INDEX "By W" ON t ("w", v)"#);
    sandbox
}

fn in_lake(sandbox: &Sandbox, sql: &str) {
    Connection::open(sandbox.lake_path()).unwrap().execute_batch(sql).unwrap();
}

fn indexes(sandbox: &Sandbox) -> Vec<String> {
    sandbox.lake_column(
        "SELECT concat_ws(' ', schema_name, table_name, index_name, expressions) FROM duckdb_indexes() ORDER BY ALL",
    )
}

/// What is found by the index is what a scan of all rows finds.
fn assert_indexes_agree(sandbox: &Sandbox, column: &str) {
    let config = Config::default().access_mode(AccessMode::ReadOnly).unwrap();
    let lake = Connection::open_with_flags(sandbox.lake_path(), config).unwrap();
    let texts = |sql: String| -> Vec<String> {
        let mut statement = lake.prepare(&sql).unwrap();
        statement.query_map([], |row| row.get(row.as_ref().column_count() - 1)).unwrap().map(Result::unwrap).collect()
    };
    let by_index = |value: u32| format!("SELECT id::VARCHAR FROM t WHERE {column} = {value} ORDER BY ALL");
    let plan = texts(format!("EXPLAIN ANALYZE {}", by_index(1))).concat();
    assert!(plan.contains("Index Scan"), "{plan}");
    for value in 0..100 {
        let by_scan = format!("SELECT id::VARCHAR FROM t WHERE {column} + 0 = {value} ORDER BY ALL");
        assert_eq!(texts(by_index(value)), texts(by_scan), "by index, by scan: {column} = {value}");
    }
}

#[test]
fn after_a_kill_an_index_answers_as_a_full_scan_does() {
    for mode in ["mirror", "history"] {
        let sandbox = sandbox(mode);
        let mut random = Random::new(5);
        for round in 0..6 {
            let run = sandbox.run();
            let (alive, start) = (Duration::from_millis(300 + random.below(1200)), Instant::now());
            while start.elapsed() < alive {
                sandbox.sql(&format!(
                    "UPDATE t SET v = (v + {round} + 1) % 100, updated_at = now() WHERE id % 7 = {round}"
                ));
            }
            run.kill();
        }
        sandbox.once();
        assert_eq!(indexes(&sandbox).len(), 2, "{mode}");
        assert_indexes_agree(&sandbox, "v");
        assert!(!sandbox.path("lake/warehouse.duckdb.open").exists(), "nothing is left open");
        sandbox.once();
    }
}

/// A log that somebody else replays is gone when pg2duck comes back.
#[test]
fn an_unclean_end_is_noticed_whoever_opened_the_lake_since() {
    let sandbox = sandbox("mirror");
    let rebuilt = || {
        sandbox.sql("UPDATE t SET v = 1, updated_at = now() WHERE id = 1");
        sandbox.once().stderr.contains("built anew")
    };
    assert!(!rebuilt(), "it was closed in order");
    let lake = Connection::open(sandbox.lake_path()).unwrap();
    lake.execute_batch("PRAGMA disable_checkpoint_on_shutdown; DELETE FROM t WHERE id = 3").unwrap();
    drop(lake);
    assert!(sandbox.path("lake/warehouse.duckdb.wal").exists());
    assert!(rebuilt(), "a log is there");
    assert!(!rebuilt(), "once");
    std::fs::write(sandbox.path("lake/warehouse.duckdb.open"), "").unwrap();
    assert!(rebuilt(), "the log is gone, the mark is not");
    assert!(!rebuilt(), "once");
    assert_indexes_agree(&sandbox, "v");
}

#[test]
fn an_index_keeps_no_change_of_the_schema_from_the_lake() {
    for mode in ["mirror", "soft_delete", "history", "append"] {
        let mut sandbox = sandbox(mode);
        let steps = [
            "ALTER TABLE t ADD COLUMN x int DEFAULT 3",
            "ALTER TABLE t RENAME COLUMN v TO v2",
            "ALTER TABLE t ALTER COLUMN v2 TYPE bigint; UPDATE t SET x = 4, updated_at = now() WHERE id = 1",
            "ALTER TABLE t DROP COLUMN x; ALTER TABLE t ADD COLUMN x text",
            "ALTER TABLE t RENAME TO u",
            "ALTER TABLE u RENAME TO t; DELETE FROM t WHERE id = 2",
        ];
        for step in steps {
            // Keys are compared once in an interval; a step may take less.
            std::thread::sleep(DIFF_INTERVAL);
            sandbox.sql(step);
            sandbox.once();
            if mode == "mirror" {
                sandbox.assert_equal(if step.ends_with("TO u") { "u" } else { "t" });
            }
        }
        assert_eq!(indexes(&sandbox), ["main t By W [w, v2]", "main t by_v [v2]"], "{mode}");
        assert_indexes_agree(&sandbox, "v2");
        sandbox.set("DUCKDB_TABLE", "elsewhere.{table}");
        sandbox.once();
        assert_eq!(indexes(&sandbox).len(), 2, "{mode}");
        assert_eq!(sandbox.call(&["resync", "t"]).code, Some(0));
        assert_eq!(indexes(&sandbox).len(), 2, "{mode}");
        assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM _pg2duck.indexes"), "0");
    }
}

/// One on what is gone goes, and says so; and so does one on an expression of a column that has another name now.
#[test]
fn an_index_that_cannot_be_any_more_stops_nothing() {
    let sandbox =
        Sandbox::new("CREATE TABLE t (id int PRIMARY KEY, v int, secret int); INSERT INTO t VALUES (1, 1, 1)");
    sandbox.once();
    in_lake(&sandbox, "CREATE INDEX i ON t (secret); CREATE INDEX k ON t (v); CREATE INDEX e ON t ((v + 1))");
    let sandbox = sandbox.with("SYNC_TABLE_T_EXCLUDE", "secret");
    let said = sandbox.once().stderr;
    assert!(said.contains("index \"i\" is gone"), "{said}");
    assert_eq!(indexes(&sandbox), ["main t e ['((v + 1))']", "main t k [v]"]);
    sandbox.sql("ALTER TABLE t RENAME COLUMN v TO \"V 2\"");
    let said = sandbox.once().stderr;
    assert!(said.contains("index \"e\" is gone"), "{said}");
    assert_eq!(indexes(&sandbox), [r#"main t k ['"V 2"']"#]);
    sandbox.sql("INSERT INTO t VALUES (2, 2, 2)");
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM t"), "2");
}

#[test]
fn killed_in_the_middle_of_a_change_the_index_is_there_in_the_end() {
    let sandbox = sandbox("mirror");
    let mut random = Random::new(9);
    let mut said = String::new();
    for round in 0..6 {
        sandbox.sql(&format!("ALTER TABLE t ADD COLUMN c{round} int; UPDATE t SET c{round} = v, updated_at = now()"));
        let (run, start) = (sandbox.run(), Instant::now());
        let alive = Duration::from_millis(100 + random.below(900));
        wait_until("its moment has come", || start.elapsed() > alive);
        said += &run.log();
        run.kill();
    }
    said += &sandbox.once().stderr;
    assert_eq!(indexes(&sandbox).len(), 2, "{said}");
    assert_indexes_agree(&sandbox, "v");
    sandbox.assert_equal("t");
}
