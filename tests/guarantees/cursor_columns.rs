//! What stands in the cursor column, if there is one: stamps that are rounded, move backwards, are missing or written behind
//! the trigger's back. No overlap and no full scan may hide a hole, as in `no_missed_change`.

use super::no_missed_change::{TABLE, bootstrapped, survives_a_slow_transaction};

#[test]
fn a_trigger_that_stamps_the_clock_instead_of_the_transaction() {
    let sandbox = bootstrapped(TABLE);
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
    let sandbox = bootstrapped(&TABLE.replace("updated_at timestamptz", "updated_at timestamptz(0)"))
        .with("CURSOR_OVERLAP", "1s");
    for round in 0..5 {
        survives_a_slow_transaction(
            &sandbox,
            &[&format!("UPDATE t SET v = 'round {round}', updated_at = now() WHERE id <= 3")],
        );
    }
}

#[test]
fn a_timestamp_without_zone_written_from_other_time_zones() {
    let sandbox = bootstrapped(&TABLE.replace("updated_at timestamptz", "updated_at timestamp"));
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
        bootstrapped(&TABLE.replace("updated_at timestamptz DEFAULT now()", "updated_at date DEFAULT current_date"));
    survives_a_slow_transaction(&sandbox, &["UPDATE t SET v = 'same day', updated_at = current_date WHERE id = 5"]);
}

#[test]
fn a_timestamp_that_moves_backwards_within_the_overlap() {
    let sandbox = bootstrapped(TABLE).with("CURSOR_OVERLAP", "5min");
    sandbox.sql("UPDATE t SET v = 'ahead', updated_at = now() + interval '1 minute' WHERE id = 1");
    sandbox.once();
    sandbox.sql("UPDATE t SET v = 'back', updated_at = now() - interval '4 minutes' WHERE id <= 2");
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn rows_without_a_timestamp() {
    let sandbox = bootstrapped(TABLE);
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
    let mut sandbox = bootstrapped(TABLE);
    sandbox.sql(
        "UPDATE t SET v = 'silent' WHERE id = 7; UPDATE t SET v = 'backdated', updated_at = '2001-01-01' WHERE id = 8",
    );
    sandbox.set("SWEEP_INTERVAL", "0s");
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn a_table_without_cursor_column() {
    let sandbox = bootstrapped(
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
