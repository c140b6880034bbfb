//! `pg2duck resync`: which tables are copied again, and that a name which is none leaves no trace.

use crate::support::Sandbox;

const TABLE: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, updated_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 100) g;";

#[test]
fn resync_copies_a_table_afresh_and_no_other() {
    let sandbox = Sandbox::quiet(TABLE);
    sandbox.sql("CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1)");
    sandbox.once();
    sandbox.sql("DELETE FROM t WHERE id > 40; DELETE FROM other; INSERT INTO other VALUES (2)");
    let files = sandbox.parquet_files().len();
    assert_eq!(sandbox.call(&["resync", "t"]).code, Some(0));
    sandbox.assert_equal("t");
    assert_eq!(sandbox.parquet_files().len(), files + 1);
    assert_eq!(sandbox.lake_column("SELECT id::VARCHAR FROM other"), ["1"]);
    let unknown = sandbox.call(&["resync", "nosuch"]);
    assert_ne!(unknown.code, Some(0));
    assert!(unknown.stderr.contains("nosuch"), "{}", unknown.stderr);
}

/// A table that is not synced must not be listed as one that is being copied, which would fail every health check.
#[test]
fn resync_of_a_table_that_is_not_selected_leaves_no_trace() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    assert_eq!(sandbox.call(&["resync", "typo"]).code, Some(2));
    assert_eq!(sandbox.call(&["status"]).code, Some(0));
}
