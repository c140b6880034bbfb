//! The clauses of the fence that no ordinary workload tells apart: each case makes the one moment happen in which its
//! clause matters, without overlap and without sweeps.

use crate::support::{Comparison, Sandbox, Server, wait_until};

const TABLE: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0, updated_at timestamptz DEFAULT now());
    CREATE INDEX ON t (updated_at, id);
    INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 4000) g;";

fn fenced(sql: &str) -> Sandbox {
    Sandbox::new(sql).with("CURSOR_OVERLAP", "0s").with("SWEEP_INTERVAL", "365d")
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
    sandbox.sql(&format!("SELECT pg_terminate_backend(pid) {waiting}"));
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
    wait_until("a sweep finds the others", || {
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
