//! Memory does not grow with the table. What DuckDB may cache is limited to little, so that it cannot hide what pg2duck
//! keeps; DuckDB's index of the key, some 20 to 30 bytes a row outside of that limit, is why the two are not equal.

use crate::support::Sandbox;

/// Bootstraps a table of so many rows and returns the peak of resident memory in KiB.
fn peak_of_bootstrap(rows: u32) -> u64 {
    let sandbox = Sandbox::new(&format!(
        "CREATE TABLE narrow (id int PRIMARY KEY, n int, updated_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO narrow SELECT g, -g FROM generate_series(1, {rows}) g;"
    ))
    .with("DUCKDB_MEMORY_LIMIT", "64MB");
    let finished = sandbox.once();
    sandbox.assert_equal("narrow");
    finished.peak_kib
}

#[test]
fn a_table_of_a_million_rows_is_copied_in_the_memory_of_a_small_one() {
    let (small, large) = (peak_of_bootstrap(50_000), peak_of_bootstrap(1_000_000));
    assert!(small > 10_000, "{small} KiB is no measurement");
    assert!(large < small + 64 * 1024, "50,000 rows: {small} KiB, 1,000,000 rows: {large} KiB");
}
