//! Tables whose files are rewritten, between cycles and under their hands, and tables of several parts: what Postgres does
//! to storage must not be mistaken for what writers did to rows.

use crate::support::{Sandbox, wait_until};

const TABLE: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0, updated_at timestamptz DEFAULT now());
    CREATE INDEX stamped ON t (updated_at, id);
    INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 4000) g;
    CREATE TABLE other (id int PRIMARY KEY, n int); INSERT INTO other SELECT g, g FROM generate_series(1, 4000) g;";

/// Only the fence and the storage's identity find changes.
fn fenced(sql: &str) -> Sandbox {
    let sandbox = Sandbox::new(sql).with("CURSOR_OVERLAP", "0s").with("SWEEP_INTERVAL", "365d");
    sandbox.once();
    sandbox
}

/// Waits until pg2duck waits for a lock in this database.
fn wait_for_the_lock(sandbox: &Sandbox) {
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg2duck'
                   AND datname = current_database() AND wait_event_type = 'Lock'";
    wait_until("the cycle waits for the lock", || sandbox.value(waiting) != "0");
}

#[test]
fn rewrites_between_cycles_lose_nothing_and_add_nothing() {
    let sandbox = fenced(TABLE);
    let rewrites = [
        "VACUUM (FREEZE) t",
        "VACUUM FULL t",
        "CLUSTER t USING stamped",
        "ALTER TABLE t ALTER n TYPE bigint USING n * 2",
        "ALTER TABLE t SET UNLOGGED",
        "BEGIN; CREATE TABLE copy AS SELECT * FROM t; TRUNCATE t; INSERT INTO t SELECT id, v || '!', n, '2001-01-01' FROM copy;
         DROP TABLE copy; COMMIT",
    ];
    for (round, rewrite) in rewrites.iter().enumerate() {
        let change = format!("UPDATE t SET v = 'round {round}', updated_at = clock_timestamp() WHERE id");
        sandbox.sql(&format!("{change} BETWEEN 100 AND 110"));
        sandbox.sql(rewrite);
        let mut slow = sandbox.session();
        slow.execute(&format!("BEGIN; {change} = {round} + 1"));
        sandbox.sql(&format!("{change} = {round} + 50"));
        sandbox.once();
        sandbox.assert_equal("t");
        slow.execute("COMMIT");
    }
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn a_table_that_is_locked_for_too_long_fails_alone_and_is_made_up_for() {
    let sandbox = fenced(TABLE).with("LOCK_TIMEOUT", "1s");
    let mut blocker = sandbox.session();
    sandbox.sql("UPDATE t SET v = 'before', updated_at = now() WHERE id < 5; UPDATE other SET n = 0 WHERE id < 5");
    blocker.execute("BEGIN; UPDATE t SET v = 'inside', updated_at = now() WHERE id = 9; LOCK TABLE t");
    sandbox.once_fails(1, &["public.t", "LOCK_TIMEOUT"]);
    sandbox.assert_equal("other");
    let error = sandbox.lake_value("SELECT last_error FROM _pg2duck.sync WHERE source_table = 't'");
    assert!(error.contains("LOCK_TIMEOUT"), "_pg2duck.sync says {error:?}");
    blocker.execute("COMMIT");
    sandbox.once();
    ["t", "other"].iter().for_each(|table| sandbox.assert_equal(table));
    assert_eq!(sandbox.lake_value("SELECT count(last_error)::VARCHAR FROM _pg2duck.sync"), "0");
    assert_eq!(sandbox.lake_value("SELECT count(DISTINCT snapshot)::VARCHAR FROM _pg2duck.sync"), "1");
}

#[test]
fn a_rewrite_that_a_cycle_waits_for_does_not_make_the_table_look_empty() {
    // Guards against locking after the snapshot: the rewritten rows are all newer than it.
    for first in ["SELECT 1", "TRUNCATE other"] {
        let sandbox = fenced(TABLE).with("LOCK_TIMEOUT", "30s");
        sandbox.sql("UPDATE t SET n = 1, updated_at = now() WHERE id < 500");
        let mut rewriter = sandbox.session();
        rewriter.execute(&format!("BEGIN; {first}; ALTER TABLE t ALTER n TYPE bigint USING n + 1"));
        let once = sandbox.start(&["once"]);
        wait_for_the_lock(&sandbox);
        rewriter.execute("COMMIT");
        let finished = once.finish();
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        ["t", "other"].iter().for_each(|table| sandbox.assert_equal(table));
    }
}

#[test]
fn partitions_that_are_attached_filled_and_detached() {
    let sandbox = fenced(
        "CREATE TABLE p (id int, day int, v text, updated_at timestamptz DEFAULT now(), PRIMARY KEY (id, day))
             PARTITION BY RANGE (day);
         CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
         CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY LIST (day);
         CREATE TABLE p2a PARTITION OF p2 FOR VALUES IN (10, 11, 12);
         INSERT INTO p SELECT g, g % 13, 'v' FROM generate_series(1, 5000) g;
         CREATE TABLE late (id int NOT NULL, day int NOT NULL, v text, updated_at timestamptz, PRIMARY KEY (id, day));
         INSERT INTO late SELECT g, 25, 'filled before', '2001-01-01' FROM generate_series(1, 3000) g;
         CREATE TABLE deep (LIKE late INCLUDING ALL);
         INSERT INTO deep SELECT g, 15, 'filled before', '2001-01-01' FROM generate_series(1, 3000) g;",
    )
    .with("SYNC_TABLES", "p");
    sandbox.assert_equal("p");
    for change in [
        "ALTER TABLE p ATTACH PARTITION late FOR VALUES FROM (20) TO (30)",
        "ALTER TABLE p2 ATTACH PARTITION deep FOR VALUES IN (15)",
        "UPDATE p SET v = 'changed', updated_at = now() WHERE id % 10 = 0",
        "TRUNCATE p2a",
        "ALTER TABLE p DETACH PARTITION p1",
    ] {
        sandbox.sql(change);
        sandbox.once();
        sandbox.assert_equal("p");
    }
}

#[test]
fn inherited_tables_are_read_with_their_parent() {
    let sandbox = fenced(
        "CREATE TABLE base (id int PRIMARY KEY, v text, updated_at timestamptz DEFAULT now());
         CREATE TABLE special (extra int, PRIMARY KEY (id)) INHERITS (base);
         INSERT INTO base SELECT g, 'base' FROM generate_series(1, 3000) g;
         INSERT INTO special SELECT g, 'special' FROM generate_series(5001, 8000) g;
         CREATE TABLE joins_later (id int PRIMARY KEY, v text, updated_at timestamptz);
         INSERT INTO joins_later SELECT g, 'later', '2001-01-01' FROM generate_series(9001, 9500) g",
    )
    .with("SYNC_TABLES", "base,special");
    for change in [
        "SELECT 1",
        "UPDATE special SET v = 'changed', updated_at = now() WHERE id < 5100",
        "ALTER TABLE joins_later INHERIT base",
        "VACUUM FULL special",
        "UPDATE base SET v = 'all', updated_at = now()",
    ] {
        sandbox.sql(change);
        sandbox.once();
        ["base", "special"].iter().for_each(|table| sandbox.assert_equal(table));
    }
}

#[test]
fn a_partition_whose_detaching_waits_is_none_any_more() {
    let sandbox = fenced(
        "CREATE TABLE p (id int PRIMARY KEY, v text, updated_at timestamptz DEFAULT now()) PARTITION BY RANGE (id);
         CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
         CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200);
         INSERT INTO p SELECT g, 'v' FROM generate_series(1, 199) g",
    )
    .with("SYNC_TABLES", "p");
    let superuser = format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
    for audited in [false, true] {
        if audited {
            let setup = sandbox.beside().with("SETUP_DATABASE_URL", &superuser).call(&["setup"]);
            assert_eq!(setup.code, Some(0), "{}", setup.stderr);
        }
        sandbox.once();
        sandbox.assert_equal("p");
        let mut reader = sandbox.session();
        reader.execute("BEGIN; SELECT count(*) FROM p");
        let mut admin = sandbox.session();
        admin.execute("SET statement_timeout = '1s'");
        assert!(
            admin.try_execute("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY").is_err(),
            "it waits for the reader"
        );
        reader.execute("COMMIT");
        for change in [
            "SELECT 1",
            "DELETE FROM p1 WHERE id = 7; UPDATE p SET v = 'changed', updated_at = now() WHERE id = 150; DELETE FROM p WHERE id = 160",
            "ALTER TABLE p DETACH PARTITION p1 FINALIZE",
            "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (0) TO (100)",
        ] {
            admin.execute(change);
            sandbox.once();
            if audited {
                sandbox.assert_equal("p");
            } else if !change.contains("DELETE") {
                // Deletes are found by comparing keys, later.
                assert_eq!(
                    sandbox.lake_value("SELECT (count(*) FILTER (id < 100))::VARCHAR FROM p"),
                    sandbox.value("SELECT count(*) FROM p WHERE id < 100"),
                    "{change}"
                );
            }
        }
    }
}

/// Relations are read by name. A name that went to another table and came back while it was read was not noticed: the rows of one table
/// stood in the other's place.
#[test]
fn names_that_are_exchanged_and_come_back_mix_no_rows() {
    let sandbox = Sandbox::new(
        "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT g, repeat('t', 500) FROM generate_series(1, 3000) g;
         CREATE TABLE w (id int PRIMARY KEY, v text); INSERT INTO w SELECT g, 'w' FROM generate_series(1, 5) g",
    )
    .with("BOOTSTRAP_CHUNK_PAGES", "8")
    .with("DELETES", "off")
    .with("LOCK_TIMEOUT", "2s");
    let exchange = "BEGIN; SET LOCAL lock_timeout = '1s'; ALTER TABLE t RENAME TO x; ALTER TABLE w RENAME TO t; ALTER TABLE x RENAME TO w; COMMIT";
    let mut session = sandbox.session();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = std::sync::Arc::clone(&stop);
    let exchanger = std::thread::spawn(move || {
        let mut exchanged = 0;
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            match session.try_execute(exchange) {
                Ok(()) => exchanged += 1,
                Err(_) => session.execute("ROLLBACK"),
            }
            std::thread::sleep(std::time::Duration::from_millis(exchanged % 7));
        }
        exchanged
    });
    for round in 0..12 {
        sandbox.call(&["once"]);
        if round % 3 == 0 {
            sandbox.call(&["resync", if round % 2 == 0 { "t" } else { "w" }]);
        }
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(exchanger.join().expect("it ends") > 20, "nothing was exchanged");
    sandbox.once();
    ["t", "w"].iter().for_each(|table| sandbox.assert_equal(table));
}
