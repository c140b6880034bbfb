//! Without triggers deleted rows are found by comparing keys, range by range: `DELETES=diff`, and the default where no
//! triggers are installed.

use crate::support::Sandbox;

/// Compares at every cycle.
fn sandbox(sql: &str) -> Sandbox {
    Sandbox::new(sql).with("DIFF_INTERVAL", "0s")
}

const ITEMS: &str = "
    CREATE TABLE items (id int PRIMARY KEY, name text, updated_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO items SELECT g, 'item ' || g FROM generate_series(1, 1000) g;";

#[test]
fn deleted_rows_vanish_and_nothing_else_does() {
    // On a server of its own, where nobody's open transaction causes rows to be read again.
    let sandbox = Sandbox::quiet(ITEMS).with("DIFF_INTERVAL", "0s");
    sandbox.once();
    assert_eq!(sandbox.status("public.items").expect("a table")["deletes"], "diff");
    sandbox.sql("DELETE FROM items WHERE id % 7 = 0; INSERT INTO items VALUES (2000, 'new'), (7, 'again'); UPDATE items SET id = 3000 WHERE id = 1");
    sandbox.once();
    sandbox.assert_equal("items");
    let files = sandbox.parquet_files();
    sandbox.once();
    assert_eq!(sandbox.parquet_files(), files, "equal keys are not read");
}

#[test]
fn every_kind_of_key_is_compared() {
    for key in [
        "id bigint",
        "id uuid DEFAULT gen_random_uuid()",
        "id text",
        "id varchar(20)",
        "id char(12)",
        "id date",
        "id timestamptz",
        "id numeric",
        "id numeric(12, 2)",
        "id bytea",
        "id inet",
        "id boolean, n int",
        "id int, at timestamptz",
    ] {
        let columns: Vec<&str> =
            key.split(", ").filter_map(|column| column.split(' ').next()).filter(|name| *name != "2)").collect();
        let sandbox = sandbox(&format!("CREATE TABLE t ({key}, v int, PRIMARY KEY ({}))", columns.join(", ")));
        let value = match key.split(' ').nth(1).expect("a type") {
            kind if kind.starts_with("uuid") => "gen_random_uuid()",
            "text" | "varchar(20)" | "char(12)" => "chr(60 + g % 60) || chr(8364) || g",
            "date" => "date '2020-01-01' + g",
            "timestamptz" => "now() + g * interval '1 us'",
            "bytea" => "decode(md5(g::text), 'hex')",
            "inet" => "'10.0.0.0'::inet + g",
            "boolean," => "g % 2 = 0, g",
            "int," => "g, now()",
            _ => "g",
        };
        sandbox.sql(&format!("INSERT INTO t SELECT {value}, g FROM generate_series(1, 300) g"));
        sandbox.once();
        sandbox.sql("DELETE FROM t WHERE v % 10 = 3");
        sandbox.once();
        assert_eq!(
            sandbox.lake_value("SELECT count(*) || ' ' || sum(v) FROM t"),
            sandbox.value("SELECT count(*) || ' ' || sum(v) FROM t"),
            "{key}"
        );
    }
}

#[test]
fn each_mode_learns_of_them() {
    for mode in ["soft_delete", "history", "append"] {
        let sandbox = sandbox(ITEMS).with("SYNC_MODE", mode);
        sandbox.once();
        sandbox.sql("DELETE FROM items WHERE id <= 5");
        sandbox.once();
        sandbox.once();
        let gone = match mode {
            "soft_delete" => "_deleted_at IS NOT NULL",
            _ => "_op = 'd'",
        };
        assert_eq!(
            sandbox.lake_value(&format!("SELECT string_agg(id, ',' ORDER BY id) FROM items WHERE {gone}")),
            "1,2,3,4,5",
            "{mode}"
        );
    }
}

#[test]
fn a_mass_delete_stops_its_table_until_it_is_allowed() {
    let sandbox = sandbox(&format!("{ITEMS} CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1)"));
    sandbox.once();
    sandbox.sql("DELETE FROM items WHERE id > 600; INSERT INTO other VALUES (2)");
    for _ in 0..2 {
        sandbox.once_fails(
            1,
            &["400 of 1000 rows of public.items", "DELETE_BRAKE=30%", "pg2duck once --allow-mass-delete"],
        );
        assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM items"), "1000");
        sandbox.assert_equal("other");
    }
    let finished = sandbox.call(&["once", "--allow-mass-delete"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    sandbox.assert_equal("items");
}

#[test]
fn the_brake_is_a_setting_and_few_rows_may_always_go() {
    let sandbox = sandbox(ITEMS).with("DELETE_BRAKE", "50%");
    sandbox.once();
    sandbox.sql("DELETE FROM items WHERE id > 600");
    sandbox.once();
    sandbox.assert_equal("items");
    sandbox.sql("DELETE FROM items WHERE id > 10");
    sandbox.once_fails(1, &["590 of 600", "DELETE_BRAKE=50%"]);
    sandbox.sql("INSERT INTO items SELECT g FROM generate_series(11, 600) g");
    sandbox.once();
    let small = self::sandbox("CREATE TABLE pair (id int PRIMARY KEY); INSERT INTO pair VALUES (1), (2)");
    small.once();
    small.sql("DELETE FROM pair WHERE id = 1");
    small.once();
    small.assert_equal("pair");
}

#[test]
fn a_large_table_is_compared_in_parts_over_several_cycles() {
    let sandbox = sandbox(
        "CREATE TABLE big (id int PRIMARY KEY, v int); INSERT INTO big SELECT g, g FROM generate_series(1, 260000) g",
    )
    .with("DIFF_ROWS_PER_SECOND", "50000")
    .with("SYNC_INTERVAL_SECONDS", "1")
    .with("DIFF_INTERVAL", "1h");
    sandbox.once();
    sandbox.sql("DELETE FROM big WHERE id % 1000 = 0");
    let mut sandbox = sandbox;
    sandbox.set("DIFF_INTERVAL", "0s");
    let mut counts = Vec::new();
    for _ in 0..6 {
        sandbox.once();
        counts.push(sandbox.lake_value("SELECT count(*)::VARCHAR FROM big"));
    }
    sandbox.compare("public", "big").undeclared().check();
    counts.dedup();
    assert!(counts.len() > 3, "one part at a time: {counts:?}");
}

#[test]
fn between_two_comparisons_deleted_rows_stay_and_off_never_compares() {
    for setting in [("DIFF_INTERVAL", "1h"), ("DELETES", "off")] {
        let sandbox = sandbox(ITEMS).with(setting.0, setting.1);
        sandbox.once();
        sandbox.sql("DELETE FROM items WHERE id = 1");
        sandbox.once();
        assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM items"), "1000");
    }
}

/// Somebody's DELETE in the lake, or a hole of an earlier version: keys were compared for years, and only those that were too many counted.
#[test]
fn keys_that_the_lake_lacks_are_read_again_in_every_mode() {
    let holes = [
        ("mirror", "DELETE FROM items WHERE id IN (3, 77, 900)"),
        ("soft_delete", "DELETE FROM items WHERE id IN (3, 77, 900)"),
        ("history", "DELETE FROM items WHERE id IN (3, 77, 900)"),
        ("append", "DELETE FROM items WHERE id IN (3, 77, 900)"),
    ];
    for (mode, hole) in holes {
        let sandbox = sandbox(ITEMS).with("SYNC_MODE", mode).with("SWEEP_INTERVAL", "365d");
        // By dates the two databases have no digest in common: every key is read.
        sandbox.sql("CREATE TABLE days (day date, n int, PRIMARY KEY (day, n)); INSERT INTO days SELECT date '2026-01-01' + g % 7, g FROM generate_series(1, 100) g");
        sandbox.once();
        let lake = duckdb::Connection::open(sandbox.lake_path()).expect("the lake opens");
        lake.execute_batch(&format!("{hole}; DELETE FROM days WHERE n = 5")).expect("somebody deletes");
        drop(lake);
        sandbox.sql("DELETE FROM items WHERE id = 500; INSERT INTO items VALUES (5000, 'new')");
        let finished = sandbox.once();
        assert!(finished.stderr.contains("the lake lacks rows of the source"), "{mode}:\n{}", finished.stderr);
        let current = match mode {
            "soft_delete" => "(SELECT * FROM items WHERE _deleted_at IS NULL)",
            "history" => "items_current",
            "append" => {
                "(SELECT * FROM items QUALIFY row_number() OVER (PARTITION BY id ORDER BY _seq DESC) = 1) WHERE _op <> 'd'"
            }
            _ => "items",
        };
        let of =
            |table: &str| format!("SELECT count(*)::text || ' ' || sum(id)::text || ' ' || max(name) FROM {table}");
        assert_eq!(sandbox.lake_value(&of(current)), sandbox.value(&of("items")), "{mode}");
        assert_eq!(sandbox.lake_value("SELECT count(DISTINCT n)::text FROM days"), "100", "{mode}");
        let files = sandbox.parquet_files();
        let quiet = sandbox.once();
        assert!(!quiet.stderr.contains("lacks"), "{mode}:\n{}", quiet.stderr);
        let new: Vec<_> = sandbox.parquet_files().into_iter().filter(|file| !files.contains(file)).collect();
        assert!(new.iter().all(|file| file.to_string_lossy().contains("present")), "{mode}: {new:?}");
    }
}

#[test]
fn keys_that_were_only_compared_are_not_counted_as_applied() {
    let sandbox = sandbox(
        "CREATE TABLE days (day date PRIMARY KEY); INSERT INTO days SELECT date '2000-01-01' + g FROM generate_series(1, 2000) g",
    );
    sandbox.once();
    let finished = sandbox.once();
    assert!(!finished.stderr.contains("rows=2000"), "{}", finished.stderr);
    sandbox.sql("DELETE FROM days WHERE day < '2000-01-05'");
    let finished = sandbox.once();
    assert!(finished.stderr.contains("rows=3 "), "{}", finished.stderr);
}
