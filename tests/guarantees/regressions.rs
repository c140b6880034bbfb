//! Holes that a review found, each closed and kept closed. Every test names what it guards against.

use crate::support::Sandbox;

const TABLE: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, updated_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 100) g;";

/// Postgres notes the default of an added column on the partitions only; old rows read it without having been written.
#[test]
fn a_column_added_with_a_default_to_a_partitioned_table_is_filled_in_old_rows() {
    let sandbox = Sandbox::new(
        "CREATE TABLE t (id int PRIMARY KEY, updated_at timestamptz NOT NULL DEFAULT now()) PARTITION BY RANGE (id);
         CREATE TABLE t_low PARTITION OF t FOR VALUES FROM (0) TO (100);
         CREATE TABLE t_high PARTITION OF t FOR VALUES FROM (100) TO (200);
         INSERT INTO t SELECT generate_series(0, 199);",
    );
    sandbox.once();
    sandbox.sql("ALTER TABLE t ADD COLUMN plan text DEFAULT 'free'");
    sandbox.once();
    sandbox.assert_equal("t");
}

/// DuckDB compares names without case: a lookup that did not would drop the user's own table.
#[test]
fn a_users_own_lake_table_survives_a_source_table_whose_name_differs_in_case() {
    let sandbox = Sandbox::new(TABLE);
    std::fs::create_dir_all(sandbox.path("lake")).unwrap();
    let lake = duckdb::Connection::open(sandbox.lake_path()).unwrap();
    lake.execute_batch("CREATE TABLE \"T\" AS SELECT 42 AS mine").unwrap();
    drop(lake);
    sandbox.once_fails(1, &["was not made by pg2duck", "DUCKDB_TABLE"]);
    assert_eq!(sandbox.lake_value("SELECT mine::VARCHAR FROM \"T\""), "42");
}

/// Row-level security would silently leave rows out of the copy.
#[test]
fn row_level_security_is_an_error_and_not_a_filter() {
    let sandbox = Sandbox::new(TABLE);
    let role = format!("walled_{}", sandbox.database);
    sandbox.sql(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'walled'; GRANT SELECT ON t TO {role};
         ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY wall ON t USING (id < 10)"
    ));
    let url = format!("postgres://{role}:walled@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
    let sandbox = sandbox.with("DATABASE_URL", url);
    sandbox.once_fails(1, &["row-level security", "BYPASSRLS"]);
    sandbox.sql(&format!("ALTER ROLE {role} BYPASSRLS"));
    sandbox.once();
    sandbox.assert_equal("t");
}

/// A table that is not synced must not be listed as one that is being copied, which would fail every health check.
#[test]
fn resync_of_a_table_that_is_not_selected_leaves_no_trace() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    assert_eq!(sandbox.call(&["resync", "typo"]).code, Some(2));
    assert_eq!(sandbox.call(&["status"]).code, Some(0));
}

#[test]
fn a_table_that_is_selected_no_more_does_not_fail_the_health_check_for_ever() {
    let mut sandbox = Sandbox::new(TABLE).with("SYNC_TABLES", "t,typo");
    sandbox.once_fails(1, &["typo"]);
    assert_eq!(sandbox.call(&["status"]).code, Some(1));
    sandbox.set("SYNC_TABLES", "t");
    sandbox.once();
    assert_eq!(sandbox.call(&["status"]).code, Some(0));
}

/// Nothing is fresh while Postgres is away, whatever the last success says.
#[test]
fn a_source_that_is_away_is_told_by_status() {
    let mut sandbox = Sandbox::new(TABLE);
    sandbox.once();
    let url = sandbox.url();
    sandbox.set("DATABASE_URL", "postgres://u:p@127.0.0.1:1/nowhere");
    sandbox.once_fails(2, &["127.0.0.1:1"]);
    let status = sandbox.call(&["status"]);
    assert_eq!(status.code, Some(1));
    assert!(status.stdout.contains("the last cycle failed: connect to postgres at 127.0.0.1:1"), "{}", status.stdout);
    sandbox.set("DATABASE_URL", url);
    sandbox.once();
    assert_eq!(sandbox.call(&["status"]).code, Some(0));
}

/// A view is copied in full at every cycle; keeping each copy for a week would fill the disk.
#[test]
fn of_a_relation_read_in_full_only_the_newest_copy_is_archived() {
    let sandbox = Sandbox::new(TABLE).with("SYNC_TABLES", "w").with("SYNC_TABLE_W_PRIMARY_KEY", "id");
    sandbox.sql("CREATE VIEW w AS SELECT id, v FROM t WHERE id < 50");
    for round in 0..3 {
        sandbox.sql(&format!("UPDATE t SET v = 'round {round}'; INSERT INTO t SELECT {}", -round - 1));
        sandbox.once();
        let rows = "SELECT string_agg(id || v, ',' ORDER BY id) FROM w";
        assert_eq!(sandbox.lake_value(rows), sandbox.value(rows));
        assert_eq!(sandbox.parquet_files().len(), 1, "{:?}", sandbox.parquet_files());
    }
}

/// Postgres quotes the value that it cannot cast.
#[test]
fn an_error_of_a_view_does_not_tell_the_value() {
    let sandbox = Sandbox::new(TABLE).with("SYNC_TABLES", "w").with("SYNC_TABLE_W_PRIMARY_KEY", "id");
    sandbox.sql("CREATE VIEW w AS SELECT id, v::int AS n FROM t; UPDATE t SET v = 'sec-ret'");
    let finished = sandbox.once_fails(1, &["invalid input syntax"]);
    assert!(!finished.stderr.contains("sec-ret"), "{}", finished.stderr);
}

/// The lake records the cycle of a change of layout that brought no rows; the state must remember the same.
#[test]
fn a_dropped_column_while_batches_wait_does_not_cost_a_fresh_copy() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    let reader = duckdb::Connection::open(sandbox.lake_path()).unwrap();
    sandbox.sql("UPDATE t SET v = 'waits', updated_at = now() WHERE id = 1");
    sandbox.once_fails(1, &["is held by"]);
    sandbox.sql("ALTER TABLE t DROP COLUMN v");
    sandbox.once_fails(1, &["is held by"]);
    drop(reader);
    for _ in 0..3 {
        let finished = sandbox.once();
        assert!(!finished.stderr.contains("copied afresh"), "{}", finished.stderr);
    }
    sandbox.assert_equal("t");
}

/// Why a table is copied again was once written down and shown to nobody.
#[test]
fn status_says_why_a_table_is_copied_afresh() {
    let mut sandbox = Sandbox::new(TABLE);
    sandbox.once();
    std::fs::remove_file(sandbox.lake_path()).unwrap();
    sandbox.set("DATABASE_URL", "postgres://u:p@127.0.0.1:1/nowhere");
    sandbox.once_fails(2, &["the lake does not hold it"]);
    let status = sandbox.call(&["status"]);
    assert!(status.stdout.contains("public.t is copied afresh: the lake does not hold it"), "{}", status.stdout);
}

/// `json` keeps what no parser takes: once that failed the load of its table, now it is NULL there and listed.
#[test]
fn a_value_that_the_lake_refuses_is_told_as_such_and_stops_no_table() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.sql(r#"CREATE TABLE bad (id int PRIMARY KEY, j json); INSERT INTO bad VALUES (1, '"\ud800 sec-ret"'), (2, '"fine"')"#);
    let finished = sandbox.once();
    assert!(!finished.stderr.contains("sec-ret"), "{}", finished.stderr);
    assert_eq!(sandbox.lake_column("SELECT coalesce(j::VARCHAR, 'NULL') FROM bad ORDER BY id"), ["NULL", "\"fine\""]);
    let listed = "SELECT concat_ws('|', source_table, key, column_name, value, reason) FROM _pg2duck.rejects";
    let expected = r#"bad|{"id":1}|j|"\ud800 sec-ret"|half of a surrogate pair, which DuckDB's JSON cannot hold"#;
    assert_eq!(sandbox.lake_column(listed), [expected]);
    sandbox.assert_equal("t");
}
