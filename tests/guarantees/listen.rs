//! LISTEN=true: a notification wakes the loop at once, and losing notifications loses nothing.

use crate::support::{Sandbox, wait_until};

const EVENTS: &str = "CREATE TABLE events (id int PRIMARY KEY, v text, updated_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO events VALUES (1, 'first');";

/// A poll within a test's life would prove nothing, so there is none.
fn listening() -> Sandbox {
    let sandbox = Sandbox::new(EVENTS);
    let url = format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
    let sandbox = sandbox.with("SETUP_DATABASE_URL", url).with("LISTEN", "true").with("SYNC_INTERVAL_SECONDS", 3600);
    let setup = sandbox.call(&["setup"]);
    assert_eq!(setup.code, Some(0), "{}", setup.stderr);
    sandbox
}

fn rows(sandbox: &Sandbox) -> Option<u64> {
    sandbox.status("public.events")?["rows"].as_u64()
}

#[test]
fn a_commit_wakes_the_loop() {
    let sandbox = listening();
    let running = sandbox.start(&["run"]);
    sandbox.wait_until_synced("public.events");
    for count in 2..5 {
        sandbox.sql(&format!("INSERT INTO events VALUES ({count}, 'more')"));
        wait_until("the row is in the lake", || rows(&sandbox) == Some(count));
    }
    sandbox.sql("DELETE FROM events WHERE id = 1");
    wait_until("the deleted row is gone", || rows(&sandbox) == Some(3));
    running.signal("TERM");
    running.finish();
    sandbox.assert_equal("events");
}

#[test]
fn a_lost_connection_is_listened_on_again_and_what_it_missed_is_looked_for() {
    let sandbox = listening();
    let running = sandbox.start(&["run"]);
    sandbox.wait_until_synced("public.events");
    let listener = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pg2duck' AND query LIKE '%LISTEN%'";
    for id in 2..4 {
        wait_until("it listens", || sandbox.value(&format!("SELECT count(*) {listener}")) == "1");
        // Nobody hears of this one: the session is gone before it commits.
        sandbox.sql(&format!("SELECT pg_terminate_backend(pid) {listener}"));
        sandbox.sql(&format!("INSERT INTO events VALUES ({id}, 'unheard')"));
        wait_until("the row is in the lake", || rows(&sandbox) == Some(id));
    }
    running.signal("TERM");
    running.finish();
}

#[test]
fn without_triggers_or_notifications_the_timer_polls_all_the_same() {
    let sandbox = Sandbox::new(EVENTS).with("LISTEN", "true").with("SYNC_INTERVAL_SECONDS", 1);
    let _running = sandbox.start(&["run"]);
    sandbox.wait_until_synced("public.events");
    sandbox.sql("INSERT INTO events VALUES (2, 'polled')");
    wait_until("the row is in the lake", || rows(&sandbox) == Some(2));
}

#[test]
fn a_burst_of_commits_is_read_in_few_cycles() {
    let sandbox = listening().with("NOTIFY_DEBOUNCE_MS", 300).with("RUST_LOG", "pg2duck=debug");
    let running = sandbox.start(&["run"]);
    sandbox.wait_until_synced("public.events");
    let before = running.log().matches("INFO cycle").count();
    for id in 2..102 {
        sandbox.sql(&format!("INSERT INTO events VALUES ({id}, 'burst')"));
    }
    wait_until("all rows are in the lake", || rows(&sandbox) == Some(101));
    let cycles = || running.log().matches("INFO cycle").count() - before;
    wait_until("the cycle is over", || cycles() > 0);
    let cycles = cycles();
    assert!((1..=20).contains(&cycles), "{cycles} cycles for 100 commits:\n{}", running.log());
}
