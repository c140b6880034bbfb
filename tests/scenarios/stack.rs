//! The Postgres → DuckDB stack: an application's `subscriptions` with `updated_at` and soft deletes, one table, one sidecar.

use crate::support::Sandbox;

const SCHEMA: &str = include_str!("../../postgres/init/01_schema.sql");
const SEED: &str = include_str!("../../postgres/init/02_seed.sql");
const CHANGES: &str = include_str!("../../postgres/demo/changes.sql");

fn assert_follows(sandbox: &Sandbox) {
    sandbox.compare("public", "subscriptions").lake_name("main", "analytics_subscriptions").check();
    sandbox.assert_nothing_unfinished();
}

#[test]
fn bootstrap_changes_soft_delete_drift_restart_and_a_lost_state_end_equal() {
    let mut sandbox = Sandbox::new(&[SCHEMA, SEED].concat())
        .with("POSTGRES_TABLE", "subscriptions")
        .with("DUCKDB_TABLE", "analytics_{table}");
    sandbox.unset("SYNC_TABLES");
    sandbox.once();
    assert_follows(&sandbox);
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM analytics_subscriptions"), "5000");

    // An insert, an update, a soft delete, and a new column with values in two rows.
    let files = sandbox.parquet_files();
    sandbox.sql(CHANGES);
    sandbox.once();
    assert_follows(&sandbox);
    let read = sandbox.rows_in_new_files(&files);
    assert!(read < 10, "{read} rows were read for five that changed");
    let gone = "SELECT count(*)::VARCHAR FROM analytics_subscriptions WHERE deleted_at IS NOT NULL";
    assert_eq!(sandbox.lake_value(gone), sandbox.value("SELECT count(deleted_at) FROM subscriptions"));
    assert_eq!(sandbox.lake_value("SELECT count(referral_code)::VARCHAR FROM analytics_subscriptions"), "2");

    // Killed at work, and started again.
    let running = sandbox.run();
    sandbox.sql("UPDATE subscriptions SET seats = seats + 1 WHERE id % 10 = 0");
    sandbox.sql(CHANGES);
    running.kill();
    sandbox.once();
    assert_follows(&sandbox);

    // Without its state it begins again, and the lake is whole all the same.
    std::fs::remove_dir_all(sandbox.state_path()).expect("the state");
    sandbox.sql(CHANGES);
    sandbox.once();
    assert_follows(&sandbox);
    assert_eq!(
        sandbox.lake_value("SELECT count(*)::VARCHAR FROM analytics_subscriptions"),
        sandbox.value("SELECT count(*) FROM subscriptions")
    );
}
