//! Airbyte's tutorials on sync modes, with their `table_one`: full refresh overwrite and append, incremental append, and
//! append + dedup. An incremental sync must emit exactly one record for one changed row, whatever else is open, and whatever the
//! zone that `updated_at timestamp` was written in.

use crate::support::Sandbox;

const TABLE_ONE: &str = "
    CREATE TABLE table_one (id integer PRIMARY KEY, name varchar(200), updated_at timestamp NOT NULL DEFAULT now());
    CREATE FUNCTION trigger_set_timestamp() RETURNS trigger AS $$
        BEGIN NEW.updated_at = now(); RETURN NEW; END; $$ LANGUAGE plpgsql;
    CREATE TRIGGER set_timestamp_on_table_one BEFORE UPDATE ON table_one
        FOR EACH ROW EXECUTE PROCEDURE trigger_set_timestamp();
    INSERT INTO table_one (id, name) VALUES (1, 'Eg1 IncApp'), (2, 'Eg2 IncApp');";

/// Where nothing else happens, rows travel once. As in the tutorials, deletes are not looked for.
fn synced(mode: &str) -> Sandbox {
    let sandbox = Sandbox::quiet(TABLE_ONE).with("SYNC_MODE", mode).with("DELETES", "off");
    sandbox.once();
    sandbox
}

/// Syncs, and tells how many rows travelled.
fn emitted(sandbox: &Sandbox) -> u64 {
    let files = sandbox.parquet_files();
    sandbox.once();
    sandbox.rows_in_new_files(&files)
}

fn rows(sandbox: &Sandbox) -> Vec<String> {
    sandbox.lake_column("SELECT id || ' ' || name FROM table_one ORDER BY rowid")
}

fn rename_the_second(sandbox: &Sandbox) {
    sandbox.sql("UPDATE table_one SET name = 'Eg2a IncApp' WHERE id = 2");
}

#[test]
fn full_refresh_overwrite_replaces_every_row() {
    let sandbox = synced("overwrite");
    assert_eq!(emitted(&sandbox), 2, "every row is read although nothing changed");
    rename_the_second(&sandbox);
    sandbox.sql("DELETE FROM table_one WHERE id = 1; INSERT INTO table_one VALUES (3, 'Eg3 IncApp')");
    assert_eq!(emitted(&sandbox), 2);
    sandbox.assert_equal("table_one");
    assert_eq!(sandbox.lake_column("SELECT name FROM table_one ORDER BY id"), ["Eg2a IncApp", "Eg3 IncApp"]);
}

#[test]
fn full_refresh_append_adds_every_row_each_time() {
    let sandbox = synced("full_append");
    rename_the_second(&sandbox);
    assert_eq!(emitted(&sandbox), 2);
    let due = ["1 Eg1 IncApp", "2 Eg2 IncApp", "1 Eg1 IncApp", "2 Eg2a IncApp"];
    assert_eq!(sandbox.lake_column("SELECT id || ' ' || name FROM table_one ORDER BY _synced_at, id"), due);
}

#[test]
fn incremental_append_emits_exactly_one_record_for_one_changed_row() {
    let sandbox = synced("append");
    assert_eq!(rows(&sandbox), ["1 Eg1 IncApp", "2 Eg2 IncApp"]);
    assert_eq!(emitted(&sandbox), 0, "nothing changed");
    rename_the_second(&sandbox);
    assert_eq!(emitted(&sandbox), 1);
    assert_eq!(rows(&sandbox), ["1 Eg1 IncApp", "2 Eg2 IncApp", "2 Eg2a IncApp"]);
    sandbox.sql("INSERT INTO table_one (id, name) VALUES (3, 'Eg3 IncApp')");
    assert_eq!(emitted(&sandbox), 1);
    assert_eq!(emitted(&sandbox), 0);
    assert_eq!(rows(&sandbox), ["1 Eg1 IncApp", "2 Eg2 IncApp", "2 Eg2a IncApp", "3 Eg3 IncApp"]);
}

#[test]
fn incremental_append_and_dedup_has_one_row_per_key() {
    let sandbox = synced("mirror");
    rename_the_second(&sandbox);
    assert_eq!(emitted(&sandbox), 1);
    sandbox.assert_equal("table_one");
    sandbox.sql("INSERT INTO table_one (id, name) VALUES (3, 'Eg3 IncApp')");
    rename_the_second(&sandbox);
    assert_eq!(emitted(&sandbox), 2);
    assert_eq!(emitted(&sandbox), 0);
    sandbox.assert_equal("table_one");
}

#[test]
fn one_record_for_one_changed_row_beside_another_open_transaction_and_in_another_time_zone() {
    for mode in ["append", "mirror"] {
        let sandbox = synced(mode);
        let [mut open, mut tokyo] = ["America/Los_Angeles", "Asia/Tokyo"].map(|zone| {
            let mut session = sandbox.session();
            session.execute(&format!("SET TimeZone = '{zone}'"));
            session
        });
        // It writes a time of hours ago, and commits last.
        open.execute("BEGIN; UPDATE table_one SET name = 'Eg1a IncApp' WHERE id = 1");
        tokyo.execute("UPDATE table_one SET name = 'Eg2a IncApp' WHERE id = 2");
        assert_eq!(emitted(&sandbox), 1, "{mode}");
        tokyo.execute("INSERT INTO table_one (id, name) VALUES (3, 'Eg3 IncApp')");
        sandbox.once();
        // After a row whose time lies hours ahead, one of now.
        sandbox.sql("UPDATE table_one SET name = 'Eg2b IncApp' WHERE id = 2");
        sandbox.once();
        open.execute("COMMIT");
        sandbox.once();
        assert_eq!(emitted(&sandbox), 0, "{mode}");
        match mode {
            "append" => assert_eq!(
                sandbox.lake_column("SELECT id || ' ' || name FROM table_one ORDER BY _seq"),
                ["1 Eg1 IncApp", "2 Eg2 IncApp", "2 Eg2a IncApp", "3 Eg3 IncApp", "2 Eg2b IncApp", "1 Eg1a IncApp"]
            ),
            _ => sandbox.assert_equal("table_one"),
        }
    }
}
