//! After any interleaving of committed transactions, one more cycle makes source and lake equal.
//!
//! The cases run without overlap and without sweeps wherever the fence alone must hold, so that neither can hide a hole in
//! it. The tables have more than the few pages up to which pg2duck sweeps at every cycle.

use crate::support::Sandbox;

const TABLE: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0, updated_at timestamptz DEFAULT now());
    CREATE INDEX ON t (updated_at, id);
    INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 4000) g;";

/// A bootstrapped sandbox in which only the fence finds changes.
fn fenced(sql: &str) -> Sandbox {
    let sandbox = Sandbox::new(sql).with("CURSOR_OVERLAP", "0s").with("SWEEP_INTERVAL", "365d");
    sandbox.once();
    sandbox
}

/// Rows that other transactions commit now, so that `updated_at` of the slow one is no longer the newest; then a cycle.
fn cycle_with_newer_changes(sandbox: &Sandbox) {
    sandbox.sql("UPDATE t SET n = n + 1, updated_at = clock_timestamp() WHERE id BETWEEN 150 AND 160");
    sandbox.once();
}

/// Opens a transaction, runs the statements, lets cycles pass, commits, and compares after one more cycle.
fn survives_a_slow_transaction(sandbox: &Sandbox, statements: &[&str]) {
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
        &fenced(TABLE),
        &["UPDATE t SET v = 'late', updated_at = now() WHERE id <= 3; INSERT INTO t VALUES (9000)"],
    );
}

#[test]
fn a_transaction_that_sits_idle_and_writes_late() {
    survives_a_slow_transaction(
        &fenced(TABLE),
        &["SELECT 1", "SELECT 2", "UPDATE t SET v = 'late', updated_at = now() WHERE id = 1"],
    );
}

#[test]
fn savepoints_released_and_rolled_back() {
    survives_a_slow_transaction(
        &fenced(TABLE),
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
    survives_a_slow_transaction(&fenced(TABLE), &[block]);
}

#[test]
fn a_prepared_transaction_that_is_committed_much_later() {
    let sandbox = fenced(TABLE);
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
    let sandbox = Sandbox::new(TABLE).with("CURSOR_OVERLAP", "0s").with("SWEEP_INTERVAL", "365d");
    survives_a_slow_transaction(&sandbox, &["UPDATE t SET v = 'before the copy', updated_at = now() WHERE id <= 9"]);
}

#[test]
fn one_update_of_a_hundred_thousand_rows() {
    let sandbox = fenced(
        "CREATE TABLE big (id int PRIMARY KEY, n int, updated_at timestamptz NOT NULL DEFAULT now());
                          INSERT INTO big SELECT g, 0 FROM generate_series(1, 100000) g",
    );
    sandbox.sql("UPDATE big SET n = id, updated_at = now()");
    sandbox.once();
    sandbox.assert_equal("big");
}

#[test]
fn a_trigger_that_stamps_the_clock_instead_of_the_transaction() {
    let sandbox = fenced(TABLE);
    sandbox.sql(
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END $$;
         CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION stamp()",
    );
    survives_a_slow_transaction(
        &sandbox,
        &["UPDATE t SET v = 'first' WHERE id <= 5", "UPDATE t SET v = 'second' WHERE id <= 3"],
    );
}

#[test]
fn a_timestamp_rounded_to_whole_seconds() {
    // Rounding down puts it before the transaction began: covered by any overlap of at least a second.
    let sandbox =
        fenced(&TABLE.replace("updated_at timestamptz", "updated_at timestamptz(0)")).with("CURSOR_OVERLAP", "1s");
    for round in 0..5 {
        survives_a_slow_transaction(
            &sandbox,
            &[&format!("UPDATE t SET v = 'round {round}', updated_at = now() WHERE id <= 3")],
        );
    }
}

#[test]
fn a_timestamp_without_zone_written_from_other_time_zones() {
    let sandbox = fenced(&TABLE.replace("updated_at timestamptz", "updated_at timestamp"));
    for (id, zone) in [(1, "Pacific/Kiritimati"), (2, "Etc/GMT+12"), (3, "UTC"), (4, "America/St_Johns")] {
        sandbox.session().execute(&format!(
            "SET TimeZone = '{zone}'; UPDATE t SET v = '{zone}', updated_at = now() WHERE id = {id}"
        ));
        sandbox.once();
        sandbox.assert_equal("t");
    }
    survives_a_slow_transaction(
        &sandbox,
        &["SET TimeZone = 'Etc/GMT+12'; UPDATE t SET v = 'slow', updated_at = now() WHERE id = 5"],
    );
}

#[test]
fn a_cursor_column_that_knows_only_the_day() {
    let sandbox =
        fenced(&TABLE.replace("updated_at timestamptz DEFAULT now()", "updated_at date DEFAULT current_date"));
    survives_a_slow_transaction(&sandbox, &["UPDATE t SET v = 'same day', updated_at = current_date WHERE id = 5"]);
}

#[test]
fn a_timestamp_that_moves_backwards_within_the_overlap() {
    let sandbox = fenced(TABLE).with("CURSOR_OVERLAP", "5min");
    sandbox.sql("UPDATE t SET v = 'ahead', updated_at = now() + interval '1 minute' WHERE id = 1");
    sandbox.once();
    sandbox.sql("UPDATE t SET v = 'back', updated_at = now() - interval '4 minutes' WHERE id <= 2");
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn rows_without_a_timestamp() {
    let sandbox = fenced(TABLE);
    survives_a_slow_transaction(
        &sandbox,
        &["UPDATE t SET v = 'null', updated_at = NULL WHERE id <= 3; INSERT INTO t VALUES (9000, 'n', 1, NULL)"],
    );
    sandbox.sql("UPDATE t SET v = 'still null' WHERE id = 2");
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn rows_changed_behind_the_triggers_back_are_found_by_a_sweep() {
    let mut sandbox = fenced(TABLE);
    sandbox.sql(
        "UPDATE t SET v = 'silent' WHERE id = 7; UPDATE t SET v = 'backdated', updated_at = '2001-01-01' WHERE id = 8",
    );
    sandbox.set("SWEEP_INTERVAL", "0s");
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn a_role_that_cannot_see_when_other_sessions_began() {
    let sandbox = Sandbox::new(TABLE).with("CURSOR_OVERLAP", "0s").with("SWEEP_INTERVAL", "365d");
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
    assert!(!fenced(TABLE).call(&["status"]).stdout.contains("pg_read_all_stats"));
}

#[test]
fn a_table_without_cursor_column() {
    let sandbox = fenced(
        "CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0); 
         INSERT INTO t SELECT g, 'v' FROM generate_series(1, 4000) g",
    );
    let mut slow = sandbox.session();
    slow.execute("BEGIN; UPDATE t SET v = 'late' WHERE id = 1");
    sandbox.sql("UPDATE t SET n = 1 WHERE id = 2");
    sandbox.once();
    slow.execute("COMMIT");
    sandbox.once();
    sandbox.assert_equal("t");
}
