//! Memory does not grow with the table. The one thing that would is DuckDB's index of a declared key, so a large table goes
//! without the declaration, and its keys are unique all the same.

use crate::support::Sandbox;

fn sandbox(rows: u32) -> Sandbox {
    Sandbox::new(&format!(
        "CREATE TABLE narrow (id int PRIMARY KEY, n int, note text, updated_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO narrow SELECT g, -g, md5(g::text) FROM generate_series(1, {rows}) g;"
    ))
}

#[test]
fn a_table_of_a_million_rows_is_copied_in_the_memory_of_a_small_one() {
    let limit = ("DUCKDB_MEMORY_LIMIT", "150MB");
    let (small, large) = (sandbox(100_000).with(limit.0, limit.1), sandbox(1_000_000).with(limit.0, limit.1));
    let [small_peak, large_peak] = [&small, &large].map(|sandbox| sandbox.once().peak_kib);
    small.assert_equal("narrow");
    large.compare("public", "narrow").undeclared().check();
    assert!(small_peak > 10_000, "{small_peak} KiB is no measurement");
    assert!(large_peak < small_peak + 96 * 1024, "100,000 rows: {small_peak} KiB, 1,000,000 rows: {large_peak} KiB");
}

#[test]
fn a_key_is_declared_as_asked_and_stays_unique_where_it_is_not() {
    let sandbox = sandbox(1_000).with("DUCKDB_PRIMARY_KEY", "never");
    sandbox.once();
    sandbox.compare("public", "narrow").undeclared().check();
    sandbox.sql("UPDATE narrow SET n = 0, updated_at = now() WHERE id % 3 = 0; INSERT INTO narrow VALUES (0, 1, NULL)");
    sandbox.once();
    sandbox.compare("public", "narrow").undeclared().check();
    let sandbox = sandbox.with("DUCKDB_PRIMARY_KEY", "always");
    assert_eq!(sandbox.call(&["resync", "narrow"]).code, Some(0));
    sandbox.assert_equal("narrow");
}

#[test]
fn a_key_that_was_given_and_is_none_is_refused_with_and_without_the_declaration() {
    for declare in ["always", "never"] {
        let sandbox = Sandbox::new(
            "CREATE TABLE log (day date, note text, updated_at timestamptz NOT NULL DEFAULT now());
             INSERT INTO log VALUES ('2026-01-01', 'a'), ('2026-01-02', 'b');",
        )
        .with("SYNC_TABLE_LOG_PRIMARY_KEY", "day")
        .with("DUCKDB_PRIMARY_KEY", declare);
        sandbox.once();
        sandbox.sql("INSERT INTO log VALUES ('2026-01-03', 'c'), ('2026-01-03', 'd')");
        sandbox.once_fails(1, &["public.log", "key (day) is not unique"]);
        sandbox.sql("DELETE FROM log WHERE note = 'd'; INSERT INTO log VALUES (NULL, 'e')");
        sandbox.once_fails(1, &["public.log", "key (day) is NULL"]);
        sandbox.sql("DELETE FROM log WHERE day IS NULL");
        sandbox.once();
        assert_eq!(sandbox.lake_value("SELECT string_agg(note, '' ORDER BY day) FROM log"), "abc");
    }
}
