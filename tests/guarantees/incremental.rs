//! Every cycle after the first: only what changed travels, in batches, in files that a crash cannot tear and that are
//! removed when their time has come. The tests that count rows have a server of their own, see `Cluster::quiet`.

use crate::support::{Random, Sandbox};

const ITEMS: &str = "
    CREATE TABLE items (id int PRIMARY KEY, v text, n int DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON items (updated_at, id);
    INSERT INTO items SELECT g, 'v' || g FROM generate_series(1, 1000) g;";

#[test]
fn only_changed_rows_travel() {
    let sandbox = Sandbox::quiet(ITEMS);
    sandbox.once();
    let bootstrap = sandbox.parquet_files();
    assert_eq!(sandbox.rows_in_new_files(&[]), 1000);
    sandbox.sql(
        "UPDATE items SET v = 'changed', updated_at = now() WHERE id IN (3, 500, 1000);
         INSERT INTO items VALUES (2001, 'new'), (2002, NULL)",
    );
    sandbox.once();
    assert_eq!(sandbox.rows_in_new_files(&bootstrap), 5);
    sandbox.assert_equal("items");
}

#[test]
fn an_idle_cycle_writes_nothing() {
    let sandbox = Sandbox::quiet(ITEMS);
    sandbox.once();
    let (files, lake) = (sandbox.parquet_files(), std::fs::metadata(sandbox.lake_path()).unwrap().len());
    for _ in 0..3 {
        sandbox.once();
        assert_eq!(sandbox.parquet_files(), files);
    }
    assert_eq!(std::fs::metadata(sandbox.lake_path()).unwrap().len(), lake);
    sandbox.assert_equal("items");
}

#[test]
fn a_table_without_a_cursor_column_is_followed_by_xmin_alone() {
    let sandbox = Sandbox::quiet(
        "CREATE TABLE plain (id int PRIMARY KEY, v text); INSERT INTO plain SELECT g, 'v' FROM generate_series(1, 500) g;
         CREATE TABLE chosen (id int PRIMARY KEY, v text, updated_at timestamptz DEFAULT '2001-01-01');
         INSERT INTO chosen SELECT g, 'v' FROM generate_series(1, 500) g;",
    )
    .with("SYNC_TABLE_CHOSEN_CURSOR_COLUMN", "xmin");
    sandbox.once();
    let before = sandbox.parquet_files();
    sandbox.sql("UPDATE plain SET v = 'w' WHERE id <= 2; INSERT INTO plain VALUES (501, 'n'); UPDATE chosen SET v = 'w' WHERE id = 9");
    sandbox.once();
    assert_eq!(sandbox.rows_in_new_files(&before), 4);
    ["plain", "chosen"].iter().for_each(|table| sandbox.assert_equal(table));
    assert_eq!(sandbox.status("public.plain").unwrap()["cursor_column"], "xmin");
    assert_eq!(sandbox.status("public.chosen").unwrap()["cursor_column"], "xmin");
}

#[test]
fn a_cursor_column_of_another_name_is_used() {
    let sandbox = Sandbox::new(
        "CREATE TABLE t (id int PRIMARY KEY, v int, \"Changed At\" timestamp(3), updated_at text DEFAULT 'never');
         INSERT INTO t SELECT g, g, now() FROM generate_series(1, 100) g",
    )
    .with("CURSOR_COLUMN", "Changed At");
    sandbox.once();
    sandbox.sql("UPDATE t SET v = 0, \"Changed At\" = now() WHERE id < 5; INSERT INTO t VALUES (101, 1, NULL)");
    sandbox.once();
    sandbox.assert_equal("t");
    assert_eq!(sandbox.status("public.t").unwrap()["cursor_column"], "Changed At");
}

#[test]
fn rows_that_share_one_timestamp_may_fill_many_batches() {
    let sandbox = Sandbox::quiet(ITEMS).with("BATCH_SIZE", 10);
    sandbox.once();
    let before = sandbox.parquet_files();
    sandbox.sql("UPDATE items SET n = 1, updated_at = now() WHERE id <= 95");
    sandbox.once();
    assert_eq!(sandbox.rows_in_new_files(&before), 95);
    assert_eq!(sandbox.parquet_files().len() - before.len(), 10);
    sandbox.assert_equal("items");
    sandbox.sql("UPDATE items SET n = 2, updated_at = (SELECT max(updated_at) FROM items) WHERE id <= 20");
    sandbox.once();
    sandbox.assert_equal("items");
}

#[test]
fn after_each_of_many_cycles_source_and_lake_are_equal() {
    let sandbox = Sandbox::new(ITEMS).with("BATCH_SIZE", 50);
    sandbox.once();
    let mut random = Random::new(7);
    for cycle in 0..10 {
        for _ in 0..random.below(6) {
            let (first, count) = (random.below(1500), random.below(80));
            sandbox.sql(&format!(
                "INSERT INTO items SELECT g, 'cycle {cycle}' FROM generate_series({first}, {first} + {count}) g
                 ON CONFLICT (id) DO UPDATE SET v = excluded.v, n = items.n + 1, updated_at = now()"
            ));
        }
        sandbox.once();
        sandbox.assert_equal("items");
    }
    sandbox.assert_nothing_unfinished();
}

#[test]
fn parquet_files_are_named_in_the_order_in_which_they_apply() {
    let sandbox = Sandbox::quiet(ITEMS).with("BATCH_SIZE", 400);
    for cycle in 0..3 {
        sandbox.once();
        sandbox.sql(&format!("UPDATE items SET n = {cycle}, updated_at = now()"));
    }
    let names: Vec<_> = sandbox
        .parquet_files()
        .iter()
        .map(|file| file.strip_prefix(sandbox.path("parquet")).unwrap().display().to_string())
        .collect();
    assert_eq!(names.len(), 9, "{names:?}");
    for (at, name) in names.iter().enumerate() {
        let kind = if at < 3 { "bootstrap" } else { "changes" };
        let (start, end) = ("public.items/", format!("-{:08}.parquet", at % 3 + 1));
        let fits = name.starts_with(start) && name.contains(&format!("Z-{kind}-")) && name.ends_with(&end);
        assert!(fits, "{name} should be {start}<cycle>-{kind}…{end}");
    }
    // Replayed in this order, newest row last, the files alone give the table.
    let last = format!(
        "SELECT string_agg(id || ':' || n, ',' ORDER BY id) FROM (SELECT id, last(n ORDER BY filename) AS n
         FROM read_parquet('{}/public.items/*.parquet', filename = true) GROUP BY id)",
        sandbox.path("parquet").display()
    );
    assert_eq!(
        sandbox.lake_value(&last),
        sandbox.lake_value("SELECT string_agg(id || ':' || n, ',' ORDER BY id) FROM items")
    );
}

#[test]
fn every_applied_batch_and_the_freshness_of_each_table_are_recorded_in_the_lake() {
    let sandbox = Sandbox::quiet(ITEMS).with("BATCH_SIZE", 400);
    sandbox.once();
    sandbox.sql("UPDATE items SET n = 1, updated_at = now() WHERE id <= 3");
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM _pg2duck.batches"), "4");
    let fresh = "SELECT source_table || ' ' || rows FROM _pg2duck.sync WHERE as_of > now() - INTERVAL 1 MINUTE";
    assert_eq!(sandbox.lake_column(fresh), ["items 1000"]);
}

#[test]
fn retention_by_count_keeps_the_newest_files_of_each_table() {
    let sandbox = Sandbox::quiet(ITEMS).with("PARQUET_RETENTION", 2);
    sandbox.sql("CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1)");
    let mut previous = Vec::new();
    for cycle in 0..5 {
        sandbox.once();
        previous = sandbox.parquet_files();
        sandbox.sql(&format!("UPDATE items SET n = {cycle}, updated_at = now() WHERE id = 1"));
    }
    sandbox.once();
    sandbox.once();
    let files = sandbox.parquet_files();
    let of_items: Vec<_> = files.iter().filter(|file| file.display().to_string().contains("public.items")).collect();
    assert_eq!((of_items.len(), files.len()), (2, 3), "{files:?}");
    assert!(
        previous.contains(of_items[0]) && !previous.contains(of_items[1]),
        "the newest stay: {previous:?}, {files:?}"
    );
    sandbox.assert_equal("items");
}

#[test]
fn retention_by_age_removes_what_was_applied_longer_ago() {
    let mut sandbox = Sandbox::quiet(ITEMS).with("PARQUET_RETENTION", "1h");
    sandbox.once();
    sandbox.once();
    assert_eq!(sandbox.parquet_files().len(), 1);
    sandbox.set("PARQUET_RETENTION", "0s");
    sandbox.once();
    sandbox.once();
    assert_eq!(sandbox.parquet_files().len(), 0);
    sandbox.sql("UPDATE items SET n = 1, updated_at = now()");
    sandbox.once();
    sandbox.assert_equal("items");
}

/// A view is copied in full at every cycle; keeping each copy for a week would fill the disk.
#[test]
fn of_a_relation_read_in_full_only_the_newest_copy_is_archived() {
    let sandbox = Sandbox::new(ITEMS).with("SYNC_TABLES", "w").with("SYNC_TABLE_W_PRIMARY_KEY", "id");
    sandbox.sql("CREATE VIEW w AS SELECT id, v FROM items WHERE id < 50");
    for round in 0..3 {
        sandbox.sql(&format!("UPDATE items SET v = 'round {round}'; INSERT INTO items SELECT {}", -round - 1));
        sandbox.once();
        let rows = "SELECT string_agg(id || v, ',' ORDER BY id) FROM w";
        assert_eq!(sandbox.lake_value(rows), sandbox.value(rows));
        assert_eq!(sandbox.parquet_files().len(), 1, "{:?}", sandbox.parquet_files());
    }
}
