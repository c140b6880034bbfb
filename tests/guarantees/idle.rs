//! A cycle in which nothing happened costs one statement, and whatever happens ends that at once: equal snapshots see equal
//! rows, and only then is a cycle spared.

use crate::support::{Comparison, Finished, Sandbox, Server, wait_until};

/// More than a few pages, which would be swept at every cycle; every transaction of a test is of its own making.
const TABLE: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON t (updated_at, id);
    INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 4000) g;";

/// A source in which everything has been read, and the last cycle found nothing to do.
fn settled(sql: &str) -> Sandbox {
    let sandbox = Sandbox::quiet(&format!("{TABLE} {sql}"));
    settle(&sandbox);
    sandbox
}

fn settle(sandbox: &Sandbox) {
    assert!(rested(sandbox) || rested(sandbox), "the cycle after one that changed nothing rests");
}

/// Whether one more cycle looks at nothing but the snapshot.
fn rested(sandbox: &Sandbox) -> bool {
    let before = sandbox.statements().len();
    sandbox.once();
    let sent = &sandbox.statements()[before..];
    assert!(sent.iter().any(|statement| statement.contains("pg_current_snapshot")), "{sent:?}");
    !sent.iter().any(|statement| statement.contains("pg_class") || statement.starts_with("COPY"))
}

/// One cycle, and the proof that it was a whole one.
fn looks(sandbox: &Sandbox) -> Finished {
    let before = sandbox.statements().len();
    let finished = sandbox.call(&["once"]);
    let sent = &sandbox.statements()[before..];
    assert!(sent.iter().any(|statement| statement.contains("pg_class")), "nothing was looked at: {sent:?}");
    finished
}

#[test]
fn a_cycle_in_which_nothing_happened_sends_one_statement_and_keeps_everything_fresh() {
    let sandbox = Sandbox::quiet(&format!("{TABLE} CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u VALUES (1)"));
    let sandbox = sandbox.with("SYNC_INTERVAL_SECONDS", 1);
    settle(&sandbox);
    let before = sandbox.statements().len();
    sandbox.once();
    let sent = sandbox.statements().split_off(before);
    assert_eq!(sent.len(), 2, "who the source is, and its snapshot: {sent:?}");

    let run = sandbox.run();
    let synced_at = || sandbox.status("public.u").unwrap()["last_sync_at"].as_str().unwrap().to_owned();
    let cycles = || sandbox.statements().iter().filter(|sent| sent.contains("pg_current_snapshot")).count();
    let (first, already) = (synced_at(), cycles());
    wait_until("some cycles have passed", || cycles() >= already + 3);
    wait_until("status is as fresh as the last of them", || synced_at() > first);
    let sent = sandbox.statements().split_off(before + 3);
    assert!(sent.iter().all(|statement| statement.contains("pg_current_snapshot")), "{sent:?}");
    run.signal("TERM");
    run.finish();
}

#[test]
fn while_it_rests_the_freshness_inside_the_lake_goes_on() {
    let sandbox = settled("");
    let as_of = "SELECT as_of::VARCHAR FROM _pg2duck.sync";
    let before = sandbox.lake_value(as_of);
    // As if a minute had passed since it was brought up to date. Every change of the state ends the rest.
    let state = rusqlite::Connection::open(sandbox.state_path().join("checkpoints.db")).unwrap();
    let backdate = "UPDATE source SET body = json_set(body, '$.refreshed_at', '2001-01-01T00:00:00Z')";
    state.execute_batch(&format!("{backdate}; UPDATE settled SET valid = 1")).unwrap();
    assert!(rested(&sandbox));
    assert!(sandbox.lake_value(as_of) > before);
    assert!(rested(&sandbox), "that the lake was written by itself is no reason to look");
}

#[test]
fn every_kind_of_commit_ends_the_rest() {
    let sandbox = settled("CREATE ROLE idle_reader");
    for change in [
        "UPDATE t SET v = 'changed', updated_at = now() WHERE id = 1",
        "DELETE FROM t WHERE id = 4000; INSERT INTO t VALUES (4000, 'again')",
        "ALTER TABLE t ADD extra int",
        "CREATE TABLE another (id int PRIMARY KEY)",
        "GRANT SELECT ON t TO idle_reader",
        "REVOKE SELECT ON t FROM idle_reader",
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER nothing AFTER UPDATE ON t EXECUTE FUNCTION nothing()",
        "COMMENT ON TABLE t IS 'only this'",
    ] {
        sandbox.sql(change);
        assert_eq!(looks(&sandbox).code, Some(0), "{change}");
        settle(&sandbox);
    }
    sandbox.sql("DROP ROLE idle_reader");
    sandbox.assert_equal("t");
    assert!(sandbox.lake_tables().contains(&"main.another".to_owned()));
}

#[test]
fn a_transaction_that_was_open_all_the_time_is_seen_when_it_commits() {
    let sandbox = settled("");
    let (mut oldest, mut slow, mut prepared) = (sandbox.session(), sandbox.session(), sandbox.session());
    oldest.execute("BEGIN; UPDATE t SET v = 'oldest', updated_at = now() WHERE id = 1");
    slow.execute("BEGIN; SAVEPOINT a; UPDATE t SET v = 'slow', updated_at = now() WHERE id = 2; RELEASE a");
    slow.execute("SAVEPOINT b; UPDATE t SET v = 'nested', updated_at = now() WHERE id = 3");
    prepared.execute("BEGIN; UPDATE t SET v = 'prepared', updated_at = now() WHERE id = 4; PREPARE TRANSACTION 'idle'");
    // So that all of them lie below the snapshot's end.
    sandbox.sql("UPDATE t SET v = 'fast', updated_at = now() WHERE id = 5");
    settle(&sandbox);
    for end in ["slow", "prepared", "oldest"] {
        match end {
            "slow" => slow.execute("COMMIT"),
            "prepared" => prepared.execute("COMMIT PREPARED 'idle'"),
            _ => oldest.execute("COMMIT"),
        }
        assert_eq!(looks(&sandbox).code, Some(0), "{end}");
        assert_eq!(sandbox.lake_value(&format!("SELECT count(*)::VARCHAR FROM t WHERE v = '{end}'")), "1");
        settle(&sandbox);
    }
    sandbox.assert_equal("t");
}

#[test]
fn a_table_made_between_the_search_for_tables_and_the_snapshot_is_found_by_the_next_cycle() {
    // Guards against settling at a snapshot that saw more than the search for tables did.
    let sandbox = settled("");
    let mut gate = sandbox.session();
    gate.execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    sandbox.sql("CREATE TABLE u (id int PRIMARY KEY)");
    let once = sandbox.start(&["once"]);
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass";
    wait_until("it has found its tables and waits for one", || sandbox.value(waiting) == "1");
    sandbox.sql("CREATE TABLE late (id int PRIMARY KEY); INSERT INTO late VALUES (1)");
    gate.execute("COMMIT");
    assert_eq!(once.finish().code, Some(0));
    sandbox.once();
    sandbox.assert_equal("late");
}

#[test]
fn a_privilege_that_is_taken_away_is_noticed() {
    let sandbox =
        Sandbox::quiet(&format!("{TABLE} CREATE ROLE narrow LOGIN PASSWORD 'narrow'; GRANT SELECT ON t TO narrow"));
    sandbox.sql("ALTER ROLE narrow SET log_statement = 'all'");
    let url = format!("postgres://narrow:narrow@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
    let sandbox = sandbox.with("DATABASE_URL", url).with("SYNC_TABLES", "t");
    settle(&sandbox);
    sandbox.sql("REVOKE SELECT ON t FROM narrow");
    let finished = looks(&sandbox);
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert_eq!(looks(&sandbox).code, Some(1), "what failed is tried again");
    sandbox.sql("GRANT SELECT ON t TO narrow");
    settle(&sandbox);
    sandbox.sql("DROP OWNED BY narrow; DROP ROLE narrow");
}

#[test]
fn a_changed_setting_is_honoured_although_nothing_happened() {
    let mut sandbox = settled("CREATE TABLE u (id int PRIMARY KEY)");
    sandbox.set("SYNC_TABLE_T_EXCLUDE", "n");
    assert_eq!(looks(&sandbox).code, Some(0));
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM duckdb_columns() WHERE column_name = 'n'"), "0");
    settle(&sandbox);
    sandbox.set("SYNC_TABLES", "t");
    assert!(looks(&sandbox).stderr.contains("1 of 1 tables"));
    settle(&sandbox);
    sandbox.set("MASK_SALT", "another");
    looks(&sandbox);
    settle(&sandbox);
    sandbox.set("SYNC_MODE", "history");
    let refused = looks(&sandbox);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("pg2duck resync"), "{}", refused.stderr);
    assert_eq!(sandbox.call(&["resync", "t"]).code, Some(0));
    settle(&sandbox);
}

#[test]
fn a_lake_that_was_exchanged_or_removed_is_noticed_although_nothing_happened() {
    let sandbox = settled("");
    let aside = sandbox.path("aside.duckdb");
    std::fs::copy(sandbox.lake_path(), &aside).unwrap();
    sandbox.sql("UPDATE t SET v = 'newer', updated_at = now() WHERE id = 7");
    settle(&sandbox);
    // In place: the same inode, and all times but one that nobody can set.
    std::fs::write(sandbox.lake_path(), std::fs::read(&aside).unwrap()).unwrap();
    assert!(sandbox.once().stderr.contains("another copy"));
    sandbox.assert_equal("t");
    settle(&sandbox);
    std::fs::remove_file(sandbox.lake_path()).unwrap();
    assert!(sandbox.once().stderr.contains("does not hold it"));
    sandbox.assert_equal("t");

    let run = sandbox.run();
    wait_until("it rests", || {
        run.log().contains("follows") && sandbox.status("public.t").unwrap()["state"] == "synced"
    });
    std::fs::remove_file(sandbox.lake_path()).unwrap();
    wait_until("the lake is made anew", || sandbox.lake_path().exists() && run.log().contains("does not hold it"));
    sandbox.wait_until_synced("public.t");
    sandbox.assert_equal("t");
}

#[test]
fn a_resync_is_made_although_nothing_happened() {
    let sandbox = settled("");
    let run = sandbox.run();
    wait_until("it follows", || run.log().contains("follows"));
    assert_eq!(sandbox.call(&["resync", "t"]).code, Some(0));
    wait_until("it is bootstrapped again", || run.log().contains("read completely"));
    sandbox.wait_until_synced("public.t");
    run.signal("TERM");
    run.finish();
    assert_eq!(sandbox.call(&["resync", "t"]).code, Some(0));
    settle(&sandbox);
}

/// A change that only something due by the clock can find is found, although nothing happens after it.
fn is_found_when_it_is_due(sandbox: &Sandbox, change: &str, found: &str) {
    settle(sandbox);
    for id in 1.. {
        let is_found = || sandbox.lake_value(&found.replace("$id", &id.to_string())) == "1";
        sandbox.sql(&change.replace("$id", &id.to_string()));
        sandbox.once();
        if is_found() {
            // It was due at once, which proves nothing; the next time is some seconds away.
            continue;
        }
        wait_until("it is found", || {
            sandbox.once();
            is_found()
        });
        break;
    }
    sandbox.assert_equal("t");
}

#[test]
fn a_comparison_of_keys_is_made_when_it_is_due_although_nothing_happened() {
    let sandbox = Sandbox::quiet(TABLE).with("DIFF_INTERVAL", "6s").with("SWEEP_INTERVAL", "365d");
    is_found_when_it_is_due(
        &sandbox,
        "DELETE FROM t WHERE id = $id",
        "SELECT (count(*) = 0)::INT::VARCHAR FROM t WHERE id = $id",
    );
}

#[test]
fn a_sweep_is_made_when_it_is_due_although_nothing_happened() {
    let sandbox = Sandbox::quiet(TABLE).with("SWEEP_INTERVAL", "6s").with("CURSOR_OVERLAP", "1s");
    sandbox.sql("VACUUM ANALYZE t");
    is_found_when_it_is_due(
        &sandbox,
        "UPDATE t SET v = 'backdated', updated_at = '2001-01-01' WHERE id = $id",
        "SELECT count(*)::VARCHAR FROM t WHERE id = $id AND v = 'backdated'",
    );
}

#[test]
fn what_is_read_in_full_is_read_although_nothing_happened() {
    let sandbox = Sandbox::quiet(&format!("{TABLE} CREATE VIEW moment AS SELECT 1 AS id, clock_timestamp() AS clock"));
    let sandbox = sandbox.with("SYNC_TABLES", "t,moment").with("SYNC_TABLE_MOMENT_PRIMARY_KEY", "id");
    sandbox.once();
    let clock = || sandbox.lake_value("SELECT clock::VARCHAR FROM moment");
    for _ in 0..2 {
        let before = clock();
        sandbox.once();
        assert!(clock() > before);
    }
}

#[test]
fn a_table_that_waits_for_its_lake_is_not_settled() {
    let sandbox = settled("");
    let reader = duckdb::Connection::open(sandbox.lake_path()).unwrap();
    sandbox.sql("UPDATE t SET v = 'waits', updated_at = now() WHERE id = 3");
    assert_eq!(sandbox.call(&["once"]).code, Some(1));
    drop(reader);
    sandbox.once();
    sandbox.assert_equal("t");
    settle(&sandbox);
}

#[test]
fn a_standby_never_rests_because_its_snapshots_do_not_list_what_runs() {
    let primary = Server::start();
    primary.session().execute(TABLE);
    let standby = primary.standby();
    let sandbox = Sandbox::new("").with("DATABASE_URL", standby.url());
    // One transaction older, one younger: neither end of the snapshot moves when the one between them commits.
    let (mut older, mut between) = (primary.session(), primary.session());
    older.execute("BEGIN; UPDATE t SET v = 'older', updated_at = now() WHERE id = 1");
    between.execute("BEGIN; UPDATE t SET v = 'between', updated_at = now() WHERE id = 2");
    primary.session().execute("UPDATE t SET v = 'younger', updated_at = now() WHERE id = 3");
    let replayed = |v: &str| {
        let found = format!("SELECT count(*) FROM t WHERE v = '{v}'");
        wait_until("it is replayed", || standby.session().value(&found) == "1");
    };
    replayed("younger");
    (0..3).for_each(|_| drop(sandbox.once()));
    let snapshot = || standby.session().value("SELECT pg_current_snapshot()");
    let before = snapshot();
    between.execute("COMMIT");
    replayed("between");
    assert_eq!(snapshot(), before, "the case that this test is about");
    sandbox.once();
    Comparison::new(standby.session(), sandbox.lake_path(), "public", "t").check();
}
