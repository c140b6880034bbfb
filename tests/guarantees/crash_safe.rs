//! Whatever ends the process, the next start goes on with nothing lost; and what heals does not end it.

use crate::support::{Random, Sandbox, Session, wait_until};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub const TABLE: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON t (updated_at, id);
    INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 2000) g;";

pub fn change(sandbox: &Sandbox, n: i32) {
    sandbox.sql(&format!(
        "UPDATE t SET n = {n}, updated_at = now() WHERE id % 10 = {n} % 10;
         INSERT INTO t (id, v) SELECT max(id) + 1, 'new' FROM t"
    ));
}

/// Changes rows as fast as it can until told to stop.
fn write_until(mut session: Session, stop: Arc<AtomicBool>) {
    let mut random = Random::new(3);
    while !stop.load(Ordering::Relaxed) {
        let (first, count) = (random.below(4000), random.below(50));
        session.execute(&format!(
            "INSERT INTO t (id, v) SELECT g, 'w' FROM generate_series({first}, {first} + {count}) g
             ON CONFLICT (id) DO UPDATE SET n = t.n + 1, updated_at = now()"
        ));
    }
}

#[test]
fn a_signal_ends_the_loop_with_success() {
    for signal in ["TERM", "INT"] {
        let sandbox = Sandbox::new(TABLE);
        let run = sandbox.run();
        sandbox.wait_until_synced("public.t");
        run.signal(signal);
        let finished = run.finish_within(Duration::from_secs(10));
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        sandbox.assert_equal("t");
        assert!(!sandbox.path("lake/warehouse.duckdb.wal").exists());
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let sandbox = Sandbox::new(TABLE).with("LOCK_TIMEOUT", "60s");
    sandbox.once();
    let mut blocker = sandbox.session();
    blocker.execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    let mut run = sandbox.run();
    wait_until("the cycle waits for the lock", || {
        let waiting = "SELECT count(*) FROM pg_locks l, pg_database d
                       WHERE NOT granted AND l.database = d.oid AND datname = current_database()";
        sandbox.value(waiting) != "0"
    });
    run.signal("TERM");
    wait_until("the first signal is logged or has ended it", || run.has_ended() || run.log().contains("second signal"));
    if !run.has_ended() {
        run.signal("TERM");
        run.finish_within(Duration::from_secs(2));
    }
    blocker.execute("ROLLBACK");
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn killed_at_any_moment_while_the_source_changes_it_goes_on_with_nothing_lost() {
    let sandbox = Sandbox::new(TABLE).with("BATCH_SIZE", 100);
    let stop = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (session, stop) = (sandbox.session(), Arc::clone(&stop));
        move || write_until(session, stop)
    });
    let mut random = Random::new(11);
    for _ in 0..10 {
        let run = sandbox.run();
        // A moment, not a condition: that it is arbitrary is the point.
        let alive = Duration::from_millis(100 + random.below(1400));
        let start = Instant::now();
        wait_until("its moment has come", || start.elapsed() > alive);
        run.kill();
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    sandbox.once();
    sandbox.assert_equal("t");
    sandbox.assert_nothing_unfinished();
}

#[test]
fn a_second_process_on_one_state_folder_is_refused() {
    let sandbox = Sandbox::new(TABLE);
    let run = sandbox.run();
    sandbox.wait_until_synced("public.t");
    let pid = run.pid().to_string();
    sandbox.once_fails(2, &["in use by another pg2duck", &pid, "STATE_DIR"]);
    change(&sandbox, 1);
    wait_until("the first goes on", || sandbox.lake_value("SELECT count(*)::VARCHAR FROM t WHERE n = 1") != "0");
}

#[test]
fn a_lost_connection_heals() {
    let sandbox = Sandbox::new(TABLE);
    let mut run = sandbox.run();
    sandbox.wait_until_synced("public.t");
    sandbox.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'pg2duck' AND datname = current_database()",
    );
    change(&sandbox, 1);
    wait_until("the change arrives", || sandbox.lake_value("SELECT count(*)::VARCHAR FROM t WHERE n = 1") != "0");
    assert!(!run.has_ended());
    sandbox.assert_equal("t");
}
