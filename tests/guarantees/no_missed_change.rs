//! After any interleaving of committed transactions, one more cycle makes source and lake equal.
//!
//! The cases run without overlap and without full scans wherever the fence alone must hold, so that neither can hide a hole in
//! it. The tables have more than the few pages up to which pg2duck scans in full at every cycle. Some clauses of the fence no
//! ordinary workload tells apart: the last four make the one moment happen in which each matters.

use crate::support::{Comparison, Sandbox, Server, wait_until};

pub const TABLE: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0, updated_at timestamptz DEFAULT now());
    CREATE INDEX ON t (updated_at, id);
    INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 4000) g;";

/// A sandbox in which only the fence finds changes.
pub fn fenced(sql: &str) -> Sandbox {
    Sandbox::new(sql).with("CURSOR_OVERLAP", "0s").with("SWEEP_INTERVAL", "365d")
}

/// The same after its bootstrap.
pub fn bootstrapped(sql: &str) -> Sandbox {
    let sandbox = fenced(sql);
    sandbox.once();
    sandbox
}

/// Rows that other transactions commit now, so that `updated_at` of the slow one is no longer the newest; then a cycle.
fn cycle_with_newer_changes(sandbox: &Sandbox) {
    sandbox.sql("UPDATE t SET n = n + 1, updated_at = clock_timestamp() WHERE id BETWEEN 150 AND 160");
    sandbox.once();
}

/// Opens a transaction, runs the statements, lets cycles pass, commits, and compares after one more cycle.
pub fn survives_a_slow_transaction(sandbox: &Sandbox, statements: &[&str]) {
    let mut slow = sandbox.session();
    slow.execute("BEGIN");
    for statement in statements {
        slow.execute(statement);
        cycle_with_newer_changes(sandbox);
    }
    cycle_with_newer_changes(sandbox);
    slow.execute("COMMIT");
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn a_transaction_that_commits_late_with_old_timestamps() {
    survives_a_slow_transaction(
        &bootstrapped(TABLE),
        &["UPDATE t SET v = 'late', updated_at = now() WHERE id <= 3; INSERT INTO t VALUES (9000)"],
    );
}

#[test]
fn a_transaction_that_sits_idle_and_writes_late() {
    survives_a_slow_transaction(
        &bootstrapped(TABLE),
        &["SELECT 1", "SELECT 2", "UPDATE t SET v = 'late', updated_at = now() WHERE id = 1"],
    );
}

#[test]
fn savepoints_released_and_rolled_back() {
    survives_a_slow_transaction(
        &bootstrapped(TABLE),
        &[
            "UPDATE t SET v = 'top', updated_at = now() WHERE id = 1; SAVEPOINT a;
             UPDATE t SET v = 'released', updated_at = now() WHERE id = 2",
            "RELEASE a; SAVEPOINT b; UPDATE t SET v = 'undone', updated_at = now() WHERE id IN (2, 3)",
            "ROLLBACK TO b; SAVEPOINT c; INSERT INTO t VALUES (9000, 'sub'); SAVEPOINT d;
             UPDATE t SET v = 'deep', updated_at = now() WHERE id = 9000",
        ],
    );
}

#[test]
fn exception_blocks() {
    let block = "DO $$ BEGIN
        FOR i IN 1..5 LOOP
            BEGIN
                UPDATE t SET v = 'block ' || i, updated_at = now() WHERE id = i;
                IF i % 2 = 0 THEN RAISE division_by_zero; END IF;
            EXCEPTION WHEN division_by_zero THEN INSERT INTO t VALUES (9000 + i, 'caught');
            END;
        END LOOP;
    END $$";
    survives_a_slow_transaction(&bootstrapped(TABLE), &[block]);
}

#[test]
fn a_prepared_transaction_that_is_committed_much_later() {
    let sandbox = bootstrapped(TABLE);
    let name = &sandbox.database;
    sandbox.session().execute(&format!(
        "BEGIN; UPDATE t SET v = 'prepared', updated_at = now() WHERE id <= 5; PREPARE TRANSACTION '{name}'"
    ));
    for _ in 0..3 {
        cycle_with_newer_changes(&sandbox);
    }
    sandbox.sql(&format!("COMMIT PREPARED '{name}'"));
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn transactions_that_are_open_during_the_first_copy() {
    let sandbox = fenced(TABLE);
    survives_a_slow_transaction(&sandbox, &["UPDATE t SET v = 'before the copy', updated_at = now() WHERE id <= 9"]);
}

#[test]
fn one_update_of_a_hundred_thousand_rows() {
    let sandbox = bootstrapped(
        "CREATE TABLE big (id int PRIMARY KEY, n int, updated_at timestamptz NOT NULL DEFAULT now());
                          INSERT INTO big SELECT g, 0 FROM generate_series(1, 100000) g",
    );
    sandbox.sql("UPDATE big SET n = id, updated_at = now()");
    sandbox.once();
    sandbox.assert_equal("big");
}

#[test]
fn a_role_that_cannot_see_when_other_sessions_began() {
    let sandbox = fenced(TABLE);
    let role = format!("blind_{}", sandbox.database);
    sandbox.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'blind'; GRANT SELECT ON t TO {role}"));
    let url = format!("postgres://{role}:blind@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
    let sandbox = sandbox.with("DATABASE_URL", url);
    sandbox.once();
    survives_a_slow_transaction(&sandbox, &["UPDATE t SET v = 'unseen', updated_at = now() WHERE id = 1", "SELECT 1"]);
    // What that costs, and the grant that avoids it, is said where people look.
    assert!(sandbox.call(&["status"]).stdout.contains("GRANT pg_read_all_stats"));
}

#[test]
fn a_role_that_sees_all_sessions_is_told_of_no_cost() {
    assert!(!bootstrapped(TABLE).call(&["status"]).stdout.contains("pg_read_all_stats"));
}

#[test]
fn what_was_read_in_a_cycle_that_broke_off_is_read_again() {
    // Guards against a list of transactions already read that outlives the batch that held them. The view is read after
    // the table, and waits there until its connection is cut.
    let sandbox = fenced(TABLE).with("SYNC_TABLES", "t,z_view").with("SYNC_TABLE_Z_VIEW_PRIMARY_KEY", "id");
    sandbox.sql(
        "CREATE FUNCTION gate() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
             PERFORM pg_advisory_xact_lock_shared(1); RETURN 1; END $$;
         CREATE VIEW z_view AS SELECT gate() AS id",
    );
    let mut holds_the_fence_back = sandbox.session();
    holds_the_fence_back.execute("BEGIN; SELECT pg_current_xact_id()");
    let mut run = sandbox.run();
    sandbox.wait_until_synced("public.z_view");
    let mut gate = sandbox.session();
    gate.execute("SELECT pg_advisory_lock(1)");
    let waiting = "FROM pg_stat_activity WHERE application_name = 'pg2duck' AND datname = current_database()
                   AND wait_event_type = 'Lock' AND wait_event = 'advisory'";
    let wait_at_the_gate = || wait_until("it waits", || sandbox.value(&format!("SELECT count(*) {waiting}")) == "1");
    wait_at_the_gate();
    sandbox.sql("UPDATE t SET v = 'read and dropped', updated_at = now() WHERE id = 7");
    // That cycle may end; the next one has read the update when it waits, and is cut.
    gate.execute("SELECT pg_advisory_unlock(1)");
    gate.execute("SELECT pg_advisory_lock(1)");
    wait_at_the_gate();
    // All of its sessions: that of one reader alone would be the view's own trouble.
    sandbox.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pg2duck' AND datname = current_database()");
    wait_until("the cut is noticed", || run.log().contains("cycle failed"));
    gate.execute("SELECT pg_advisory_unlock(1)");
    sandbox.sql("INSERT INTO t (id, v) VALUES (9000, 'the end')");
    wait_until("the last row arrives", || {
        assert!(!run.has_ended(), "run ended:\n{}", run.log());
        sandbox.lake_value("SELECT count(*)::VARCHAR FROM t WHERE id = 9000") == "1"
    });
    sandbox.assert_equal("t");
}

#[test]
fn activity_is_read_before_the_snapshot() {
    // A transaction that commits between a snapshot and a later look at activity would be in neither. Looking at activity
    // needs pg_authid: whoever locks that stops pg2duck there, with or without a snapshot.
    let server = Server::start();
    server.session().execute(TABLE);
    let sandbox = fenced("").with("DATABASE_URL", server.url());
    let (mut slow, mut locker) = (server.session(), server.session());
    slow.execute("BEGIN; UPDATE t SET v = 'slow', updated_at = now() WHERE id = 1");
    let _run = sandbox.run();
    sandbox.wait_until_synced("public.t");
    locker.execute("BEGIN; LOCK TABLE pg_catalog.pg_authid");
    wait_until("it waits to see activity", || {
        locker.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'pg_authid'::regclass") != "0"
    });
    slow.execute("COMMIT");
    locker.execute("COMMIT");
    server.session().execute("INSERT INTO t (id, v) VALUES (9000, 'the end')");
    wait_until("the last row arrives", || sandbox.lake_value("SELECT count(*)::VARCHAR FROM t WHERE id = 9000") == "1");
    Comparison::new(server.session(), sandbox.lake_path(), "public", "t").check();
}

#[test]
fn a_sweep_also_finds_rows_of_transactions_that_were_seen() {
    // One row of each transaction is found by its timestamp, so the transaction counts as seen; the other has none to be
    // found by. The open transaction keeps the list of those seen from being forgotten.
    let sandbox = fenced(TABLE).with("SWEEP_INTERVAL", "4s");
    let mut holds_the_fence_back = sandbox.session();
    holds_the_fence_back.execute("BEGIN; SELECT pg_current_xact_id()");
    let _run = sandbox.run();
    sandbox.wait_until_synced("public.t");
    for id in 1..=4 {
        sandbox.sql(&format!(
            "UPDATE t SET v = 'stamped', updated_at = now() WHERE id = {id};
             UPDATE t SET v = 'backdated', updated_at = '2001-01-01' WHERE id = {id} + 100"
        ));
        let arrived = format!("SELECT v FROM t WHERE id = {id}");
        wait_until("its stamped row arrives", || sandbox.lake_value(&arrived) == "stamped");
    }
    wait_until("a full scan finds the others", || {
        sandbox.lake_value("SELECT count(*)::VARCHAR FROM t WHERE v = 'backdated'") == "4"
    });
    sandbox.assert_equal("t");
}

#[test]
fn rows_behind_a_transaction_left_open_travel_once() {
    // The open transaction holds the fence where it is; what was read once is known and left out.
    let sandbox = Sandbox::quiet(TABLE).with("SWEEP_INTERVAL", "365d");
    let mut holds_the_fence_back = sandbox.session();
    holds_the_fence_back.execute("BEGIN; SELECT pg_current_xact_id()");
    let _run = sandbox.run();
    sandbox.wait_until_synced("public.t");
    sandbox.sql("UPDATE t SET v = 'once', updated_at = now() WHERE id <= 10");
    for id in 9001..=9003 {
        sandbox.sql(&format!("INSERT INTO t (id, v) VALUES ({id}, 'new')"));
        let arrived = format!("SELECT count(*)::VARCHAR FROM t WHERE id = {id}");
        wait_until("it arrives", || sandbox.lake_value(&arrived) == "1");
    }
    let travelled = "SELECT sum(rows)::VARCHAR FROM _pg2duck.batches WHERE kind = 'changes'";
    assert_eq!(sandbox.lake_value(travelled), "13");
    sandbox.assert_equal("t");
}
