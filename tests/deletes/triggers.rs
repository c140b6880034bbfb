//! Deleted rows reach the lake through the triggers that `pg2duck setup` installs, under the same fence as all other changes.

use crate::support::{Sandbox, wait_until};

const ITEMS: &str = "
    CREATE TABLE items (id int PRIMARY KEY, name text, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON items (updated_at);
    INSERT INTO items SELECT g, 'item ' || g FROM generate_series(1, 100) g;";

pub fn audited(sql: &str) -> Sandbox {
    let sandbox = administered(sql);
    setup(&sandbox);
    sandbox
}

fn administered(sql: &str) -> Sandbox {
    with_administrator(Sandbox::new(sql))
}

/// On a server of its own, where nobody's open transaction causes rows to be read again.
fn quiet(sql: &str) -> Sandbox {
    with_administrator(Sandbox::quiet(sql))
}

fn with_administrator(sandbox: Sandbox) -> Sandbox {
    let url = format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
    sandbox.with("SETUP_DATABASE_URL", url)
}

fn setup(sandbox: &Sandbox) {
    let setup = sandbox.call(&["setup"]);
    assert_eq!(setup.code, Some(0), "{}", setup.stderr);
}

#[test]
fn deletes_are_applied_and_travel_once() {
    let sandbox = quiet(ITEMS);
    setup(&sandbox);
    sandbox.once();
    sandbox.sql("DELETE FROM items WHERE id % 2 = 0");
    sandbox.once();
    sandbox.assert_equal("items");
    let files = sandbox.parquet_files();
    assert!(files.iter().any(|file| file.to_string_lossy().contains("-deletes-")), "{files:?}");
    sandbox.once();
    assert_eq!(sandbox.parquet_files(), files, "nothing was deleted since");
}

#[test]
fn a_key_that_is_deleted_and_inserted_again_is_there() {
    let sandbox = audited(ITEMS);
    sandbox.once();
    sandbox.sql("DELETE FROM items WHERE id < 10; INSERT INTO items SELECT g, 'again' FROM generate_series(1, 5) g");
    sandbox.once();
    sandbox.assert_equal("items");
    sandbox.sql("DELETE FROM items WHERE id = 3");
    sandbox.sql("INSERT INTO items VALUES (3, 'third')");
    sandbox.sql("DELETE FROM items WHERE id = 3");
    sandbox.once();
    sandbox.assert_equal("items");
}

#[test]
fn a_changed_key_leaves_nothing_under_the_old_one() {
    let sandbox = audited(ITEMS);
    sandbox.once();
    sandbox.sql("UPDATE items SET id = id + 1000, updated_at = now() WHERE id <= 20");
    sandbox.once();
    sandbox.assert_equal("items");
}

#[test]
fn truncate_empties_the_lake_table() {
    let sandbox = audited(ITEMS);
    sandbox.once();
    sandbox.sql("TRUNCATE items; INSERT INTO items VALUES (7, 'after')");
    sandbox.once();
    sandbox.assert_equal("items");
}

#[test]
fn a_delete_that_commits_late_is_not_missed() {
    let sandbox = audited(ITEMS);
    sandbox.once();
    let mut late = sandbox.session();
    late.execute("BEGIN; DELETE FROM items WHERE id = 1");
    sandbox.sql("DELETE FROM items WHERE id = 2");
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT min(id)::VARCHAR FROM items"), "1");
    sandbox.sql("DELETE FROM items WHERE id = 3");
    late.execute("COMMIT");
    sandbox.once();
    sandbox.assert_equal("items");
}

#[test]
fn deletes_during_the_first_copy_and_in_a_prepared_transaction_are_not_missed() {
    let sandbox =
        audited(&format!("{ITEMS} INSERT INTO items SELECT g, repeat('x', 500) FROM generate_series(101, 20000) g"))
            .with("BOOTSTRAP_CHUNK_PAGES", "20");
    let mut writer = sandbox.session();
    writer.execute("BEGIN; DELETE FROM items WHERE id = 50; PREPARE TRANSACTION 'late'");
    let running = sandbox.run();
    for id in 1..40 {
        writer.execute(&format!("DELETE FROM items WHERE id = {id} OR id = {}", 20_000 - id));
    }
    sandbox.wait_until_synced("public.items");
    writer.execute("COMMIT PREPARED 'late'");
    running.signal("TERM");
    running.finish();
    sandbox.once();
    sandbox.assert_equal("items");
}

#[test]
fn a_row_deleted_after_its_part_of_a_first_copy_was_read_is_not_in_the_lake() {
    for mode in ["mirror", "soft_delete", "history", "append"] {
        let rows = "INSERT INTO items SELECT g, repeat('x', 900) FROM generate_series(101, 4000) g";
        let mut sandbox = audited(&format!("{ITEMS} {rows}")).with("BOOTSTRAP_CHUNK_PAGES", 8).with("SYNC_MODE", mode);
        let mut running = sandbox.run();
        wait_until("part of it is copied", || sandbox.parquet_files().len() >= 5 || running.has_ended());
        running.kill();
        assert!(!sandbox.lake_path().exists(), "the copy was over too soon");
        sandbox.sql("DELETE FROM items WHERE id < 20; UPDATE items SET id = 5000, updated_at = now() WHERE id = 20");
        sandbox.set("BOOTSTRAP_CHUNK_PAGES", 10_000);
        sandbox.once();
        let alive = if mode == "soft_delete" { "_deleted_at IS NULL" } else { "true" };
        let counts = sandbox
            .lake_value(&format!("SELECT count(*) || ' ' || min(id) || ' ' || max(id) FROM items WHERE {alive}"));
        assert_eq!(counts, sandbox.value("SELECT count(*) || ' ' || min(id) || ' ' || max(id) FROM items"), "{mode}");
    }
}

#[test]
fn partitions_their_moves_and_cascades_are_followed() {
    let sandbox = audited(
        "CREATE TABLE parent (id int PRIMARY KEY);
         CREATE TABLE parts (id int, region text, parent int REFERENCES parent ON DELETE CASCADE, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
         CREATE TABLE parts_eu PARTITION OF parts FOR VALUES IN ('eu');
         CREATE TABLE parts_us PARTITION OF parts FOR VALUES IN ('us');
         INSERT INTO parent SELECT generate_series(1, 10);
         INSERT INTO parts SELECT g, CASE g % 2 WHEN 0 THEN 'eu' ELSE 'us' END, 1 + g % 10 FROM generate_series(1, 100) g;",
    );
    sandbox.once();
    sandbox.sql("DELETE FROM parts_eu WHERE id = 2; DELETE FROM parts WHERE id = 3; UPDATE parts SET region = 'eu' WHERE id = 5;
                 DELETE FROM parent WHERE id = 4");
    sandbox.once();
    sandbox.assert_equal("parts");
    sandbox.assert_equal("parent");
}

#[test]
fn soft_delete_marks_them_and_history_and_append_record_them() {
    for mode in ["soft_delete", "history", "append"] {
        let sandbox = audited(ITEMS).with("SYNC_MODE", mode);
        sandbox.once();
        sandbox.sql("DELETE FROM items WHERE id IN (1, 2)");
        sandbox.once();
        sandbox.sql("INSERT INTO items VALUES (2, 'again')");
        sandbox.once();
        let (query, expected) = match mode {
            "soft_delete" => ("SELECT id || ' ' || name FROM items WHERE _deleted_at IS NOT NULL", vec!["1 item 1"]),
            "history" => (
                "SELECT id || ' ' || _op || ' ' || name || ' ' || _is_current FROM items WHERE id < 3 ORDER BY id, _valid_from, _op DESC",
                vec!["1 r item 1 false", "1 d item 1 false", "2 r item 2 false", "2 d item 2 false", "2 c again true"],
            ),
            _ => (
                "SELECT id || ' ' || _op || ' ' || coalesce(name, '-') FROM items WHERE id < 3 ORDER BY id, _synced_at",
                vec!["1 r item 1", "1 d -", "2 r item 2", "2 d -", "2 c again"],
            ),
        };
        assert_eq!(sandbox.lake_column(query), expected, "{mode}");
        assert_eq!(sandbox.lake_value("SELECT count(DISTINCT id)::VARCHAR FROM items"), "100");
    }
}

#[test]
fn triggers_installed_or_changed_later_cost_one_fresh_copy_and_miss_nothing() {
    let sandbox = quiet(ITEMS);
    sandbox.once();
    sandbox.sql("DELETE FROM items WHERE id = 1");
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT min(id)::VARCHAR FROM items"), "1", "without triggers deletes are not seen");
    setup(&sandbox);
    sandbox.once();
    sandbox.assert_equal("items");
    sandbox.sql(
        "ALTER TABLE items DISABLE TRIGGER USER; DELETE FROM items WHERE id = 2; ALTER TABLE items ENABLE TRIGGER USER",
    );
    setup(&sandbox);
    sandbox.once();
    sandbox.assert_equal("items");
    sandbox.sql("DELETE FROM items WHERE id = 3");
    let files = sandbox.parquet_files();
    sandbox.once();
    sandbox.assert_equal("items");
    assert_eq!(sandbox.rows_in_new_files(&files), 1, "only the key travelled");
}

#[test]
fn asking_for_audit_without_triggers_is_an_error_that_says_how() {
    let sandbox = administered(ITEMS).with("DELETES", "audit");
    sandbox.once_fails(1, &["public.items", "pg2duck setup --tables public.items", "SYNC_TABLE_ITEMS_DELETES=off"]);
    setup(&sandbox);
    sandbox.once();
    sandbox.assert_equal("items");
}

#[test]
fn deletes_can_be_left_alone() {
    let sandbox = audited(ITEMS).with("DELETES", "off");
    sandbox.once();
    sandbox.sql("DELETE FROM items WHERE id = 1");
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM items"), "100");
}

#[test]
fn what_was_read_a_week_ago_is_pruned_and_nothing_else() {
    let sandbox = audited(ITEMS);
    sandbox.sql("DELETE FROM items WHERE id = 1; DELETE FROM items WHERE id = 2; UPDATE pg2duck.audit SET at = now() - interval '8 days' WHERE seq = 1");
    sandbox.once();
    sandbox.assert_equal("items");
    assert_eq!(sandbox.value("SELECT count(*) FROM pg2duck.audit"), "1");
}

#[test]
fn a_publication_of_all_tables_keeps_nothing_from_being_pruned() {
    let sandbox = audited(ITEMS);
    sandbox.sql("CREATE PUBLICATION everything FOR ALL TABLES; ALTER TABLE pg2duck.audit REPLICA IDENTITY DEFAULT");
    // As an earlier version left it.
    let setup = sandbox.call(&["setup"]);
    assert_eq!(setup.code, Some(0), "{}", setup.stderr);
    sandbox.sql("DELETE FROM items WHERE id = 1; UPDATE pg2duck.audit SET at = now() - interval '8 days'");
    let once = sandbox.once();
    assert!(!once.stderr.contains("replica identity"), "{}", once.stderr);
    assert_eq!(sandbox.value("SELECT count(*) FROM pg2duck.audit"), "0");
}
