//! What a lake table means in each mode: `SYNC_MODE`. Deletes are in `deletes`.

use crate::support::Sandbox;
use std::path::Path;

const PRODUCTS: &str = "
    CREATE TABLE products (id int PRIMARY KEY, name text, price numeric(8, 2), updated_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON products (updated_at);
    INSERT INTO products SELECT g, 'product ' || g, g FROM generate_series(1, 5) g;";

pub fn sandbox(mode: &str) -> Sandbox {
    Sandbox::new(PRODUCTS).with("SYNC_TABLE_PRODUCTS_MODE", mode)
}

pub fn update(sandbox: &Sandbox, id: i32, price: f64) {
    sandbox.sql(&format!("UPDATE products SET price = {price}, updated_at = now() WHERE id = {id}"));
}

#[test]
fn soft_delete_adds_two_columns_and_follows_changes_as_mirror_does() {
    let sandbox = sandbox("soft_delete");
    sandbox.once();
    update(&sandbox, 1, 10.0);
    sandbox.once();
    sandbox.assert_equal("products");
    let columns =
        sandbox.lake_value("SELECT string_agg(column_name, ' ') FROM duckdb_columns() WHERE table_name = 'products'");
    assert_eq!(columns, "id name price updated_at _deleted_at _op");
    assert_eq!(sandbox.lake_value("SELECT count(_deleted_at)::VARCHAR FROM products"), "0");
    assert_eq!(sandbox.status("public.products").expect("a table")["mode"], "soft_delete");
}

#[test]
fn a_row_missing_from_a_fresh_copy_stays_as_deleted_and_comes_back_when_inserted_again() {
    let sandbox = sandbox("soft_delete");
    sandbox.once();
    sandbox.sql("DELETE FROM products WHERE id = 3");
    sandbox.sql("VACUUM FULL products");
    sandbox.once();
    assert_eq!(sandbox.lake_column("SELECT id::VARCHAR FROM products WHERE _deleted_at IS NOT NULL"), ["3"]);
    assert_eq!(sandbox.lake_value("SELECT name FROM products WHERE id = 3"), "product 3");
    sandbox.sql("INSERT INTO products VALUES (3, 'again', 3)");
    sandbox.once();
    sandbox.assert_equal("products");
}

#[test]
fn history_keeps_every_version_that_a_poll_saw() {
    let sandbox = sandbox("history");
    sandbox.once();
    update(&sandbox, 1, 10.0);
    sandbox.once();
    update(&sandbox, 1, 20.0);
    update(&sandbox, 1, 30.0);
    sandbox.sql("INSERT INTO products VALUES (6, 'new', 6)");
    sandbox.once();
    let versions = sandbox.lake_column(
        "SELECT price || ' ' || _op || ' ' || _is_current FROM products WHERE id = 1 ORDER BY _valid_from",
    );
    assert_eq!(versions, ["1.00 r false", "10.00 u false", "30.00 u true"]);
    assert_eq!(sandbox.lake_value("SELECT _op FROM products WHERE id = 6"), "c");
    sandbox.compare("public", "products").lake_name("main", "products_current").undeclared().check();
    sandbox.assert_history_is_consistent("products", "id");
}

#[test]
fn history_answers_what_the_source_held_at_each_cycle() {
    let sandbox = sandbox("history");
    let mut held = Vec::new();
    for round in 0..4 {
        update(&sandbox, round + 1, 100.0 * f64::from(round + 1));
        sandbox.sql(&format!("INSERT INTO products VALUES ({}, 'more', 7)", 100 + round));
        sandbox.once();
        let as_of = sandbox.lake_value("SELECT as_of::VARCHAR FROM _pg2duck.sync");
        held.push((as_of, sandbox.value("SELECT count(*) || ' ' || sum(price) FROM products")));
    }
    for (as_of, expected) in held {
        let sum = format!("SELECT count(*) || ' ' || sum(price) FROM products_as_of(TIMESTAMPTZ '{as_of}')");
        assert_eq!(sandbox.lake_value(&sum), expected, "at {as_of}");
    }
}

#[test]
fn a_row_that_is_read_again_unchanged_makes_neither_version_nor_record() {
    for mode in ["history", "append"] {
        let sandbox = sandbox(mode).with("SWEEP_INTERVAL", "1s");
        sandbox.once();
        // Rewritten with the same values: another xmin, nothing new to tell.
        sandbox.sql("UPDATE products SET name = name");
        sandbox.once();
        assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM products"), "5", "{mode}");
    }
}

#[test]
fn a_fresh_copy_of_a_history_adds_only_what_differs() {
    let sandbox = sandbox("history");
    sandbox.once();
    sandbox.sql("DELETE FROM products WHERE id = 2; UPDATE products SET price = 50 WHERE id = 1");
    sandbox.sql("VACUUM FULL products");
    sandbox.once();
    let versions = sandbox
        .lake_column("SELECT id || ' ' || _op || ' ' || _is_current FROM products ORDER BY id, _valid_from, _op DESC");
    assert_eq!(versions, ["1 r false", "1 r true", "2 r false", "2 d false", "3 r true", "4 r true", "5 r true"]);
    sandbox.assert_history_is_consistent("products", "id");
}

#[test]
fn new_columns_reach_a_history_and_its_view() {
    let sandbox = sandbox("history");
    sandbox.once();
    sandbox.sql(
        "ALTER TABLE products ADD COLUMN stock int; UPDATE products SET stock = 9, updated_at = now() WHERE id = 1",
    );
    sandbox.once();
    assert_eq!(
        sandbox.lake_column("SELECT coalesce(stock::VARCHAR, '-') FROM products WHERE id = 1 ORDER BY _valid_from"),
        ["-", "9"]
    );
    sandbox.compare("public", "products").lake_name("main", "products_current").undeclared().check();
}

#[test]
fn append_has_one_record_for_one_changed_row() {
    let sandbox = sandbox("append");
    sandbox.once();
    assert_eq!(sandbox.lake_column("SELECT DISTINCT _op FROM products"), ["r"]);
    update(&sandbox, 2, 22.0);
    sandbox.sql("INSERT INTO products VALUES (6, 'new', 6)");
    sandbox.once();
    let records =
        sandbox.lake_column("SELECT id || ' ' || price || ' ' || _op FROM products WHERE _op <> 'r' ORDER BY id");
    assert_eq!(records, ["2 22.00 u", "6 6.00 c"]);
    assert_eq!(sandbox.lake_value("SELECT price::VARCHAR FROM products WHERE id = 2 AND _op = 'r'"), "2.00");
}

#[test]
fn full_replaces_the_whole_table_at_every_cycle_without_key_or_cursor() {
    let sandbox =
        Sandbox::new("CREATE TABLE plain (a int, b text); INSERT INTO plain VALUES (1, 'x'), (1, 'x'), (2, NULL)")
            .with("SYNC_MODE", "full");
    let rows = "SELECT string_agg(a || coalesce(b, '-'), ' ' ORDER BY a, b) FROM plain";
    sandbox.once();
    assert_eq!(sandbox.lake_value(rows), "1x 1x 2-");
    sandbox.sql("DELETE FROM plain WHERE a = 1; INSERT INTO plain VALUES (3, 'y')");
    sandbox.once();
    assert_eq!(sandbox.lake_value(rows), "2- 3y");
}

#[test]
fn full_append_adds_the_whole_table_at_every_cycle() {
    let sandbox =
        Sandbox::new("CREATE TABLE plain (a int); INSERT INTO plain VALUES (1), (2)").with("SYNC_MODE", "full_append");
    sandbox.once();
    sandbox.sql("DELETE FROM plain WHERE a = 1");
    sandbox.once();
    let rows = sandbox.lake_column("SELECT a || ' ' || _op FROM plain ORDER BY _synced_at, a");
    assert_eq!(rows, ["1 r", "2 r", "2 r"]);
}

#[test]
fn another_mode_is_refused_until_resync_asks_for_it() {
    let mut sandbox = sandbox("mirror");
    sandbox.once();
    sandbox.set("SYNC_TABLE_PRODUCTS_MODE", "history");
    sandbox.once_fails(1, &["public.products", "mode mirror", "history", "pg2duck resync public.products"]);
    sandbox.assert_equal("products");
    assert_eq!(sandbox.call(&["resync", "public.products"]).code, Some(0));
    assert_eq!(sandbox.lake_value("SELECT count(*) FILTER (_op = 'r' AND _is_current)::VARCHAR FROM products"), "5");
    sandbox.once();
    sandbox.set("SYNC_TABLE_PRODUCTS_MODE", "mirror");
    let versions = sandbox.lake_value("SELECT count(*)::VARCHAR FROM products");
    sandbox.once_fails(1, &["mode history", "mirror", "resync --drop-history public.products"]);
    let refused = sandbox.call(&["resync", "public.products"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM products WHERE _is_current IS NOT NULL"), versions);
    assert_eq!(sandbox.call(&["resync", "--drop-history", "public.products"]).code, Some(0));
    sandbox.assert_equal("products");
}

#[test]
fn a_column_named_like_one_of_the_mode_is_refused_and_said_so() {
    let sandbox = Sandbox::new("CREATE TABLE odd (id int PRIMARY KEY, _op text); INSERT INTO odd VALUES (1, 'x')");
    sandbox.once();
    let sandbox = Sandbox::new("CREATE TABLE odd (id int PRIMARY KEY, _op text); INSERT INTO odd VALUES (1, 'x')")
        .with("SYNC_MODE", "append");
    sandbox.once_fails(1, &["public.odd", "_op", "append", "SYNC_TABLE_ODD_EXCLUDE"]);
}

#[test]
fn an_unknown_mode_is_a_setting_that_needs_attention() {
    let sandbox = Sandbox::new("CREATE TABLE t (id int PRIMARY KEY)").with("SYNC_MODE", "mirrored");
    sandbox.once_fails(2, &["SYNC_MODE=mirrored", "mirror or soft_delete or history"]);
}

#[test]
fn a_crash_between_lake_and_state_adds_no_version_twice() {
    for mode in ["history", "append"] {
        let sandbox = sandbox(mode);
        sandbox.once();
        let (state, before) = (sandbox.state_path(), sandbox.path("state-before"));
        copy_folder(&state, &before);
        update(&sandbox, 1, 10.0);
        sandbox.once();
        let count = sandbox.lake_value("SELECT count(*)::VARCHAR FROM products");
        // As if the state's last commits were lost.
        std::fs::remove_dir_all(&state).expect("the state");
        copy_folder(&before, &state);
        sandbox.once();
        assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM products"), count, "{mode}");
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}
