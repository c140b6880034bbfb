//! The source's schema changes between cycles: what can be followed is followed at once, what cannot stops one table only
//! and says which command resolves it.

use crate::support::Sandbox;

const TABLE: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, small varchar(5), amount numeric(6, 2), n int,
                    updated_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO t SELECT g, 'v' || g, 'abcde', g + 0.25, g FROM generate_series(1, 50) g;";

/// Bootstraps, runs the statements, syncs once more, and compares.
fn followed(change: &str) -> Sandbox {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    sandbox.sql(change);
    sandbox.once();
    sandbox.assert_equal("t");
    sandbox
}

#[test]
fn a_new_column_appears_with_its_type_before_the_rows_that_need_it() {
    followed(
        "ALTER TABLE t ADD note text, ADD tags text[], ADD price numeric(10, 4);
              UPDATE t SET note = 'n', tags = '{a,b}', price = 1.5, updated_at = now() WHERE id < 5",
    );
}

#[test]
fn a_new_column_appears_even_if_no_row_changed() {
    let sandbox = Sandbox::quiet(TABLE);
    sandbox.once();
    sandbox.sql("ALTER TABLE t ADD later timestamptz");
    sandbox.once();
    sandbox.assert_equal("t");
    assert_eq!(sandbox.parquet_files().len(), 1, "nothing had to be read again");
}

#[test]
fn a_new_column_with_a_default_gives_its_value_to_old_rows_too() {
    followed("ALTER TABLE t ADD status text NOT NULL DEFAULT 'active', ADD score int DEFAULT 7");
}

#[test]
fn a_new_column_with_a_computed_default_rewrites_the_table_and_is_read_again() {
    followed(
        "ALTER TABLE t ADD token uuid DEFAULT gen_random_uuid(), ADD twice int GENERATED ALWAYS AS (n * 2) STORED",
    );
}

#[test]
fn a_renamed_column_arrives_filled_under_its_new_name() {
    followed("ALTER TABLE t RENAME v TO label");
    followed("ALTER TABLE t RENAME v TO label; UPDATE t SET label = 'new', updated_at = now() WHERE id = 1");
}

#[test]
fn two_columns_that_swap_their_names_swap_their_values() {
    followed("ALTER TABLE t RENAME v TO w; ALTER TABLE t RENAME small TO v; ALTER TABLE t RENAME w TO small");
}

#[test]
fn a_renamed_key_column_stays_the_key() {
    followed("ALTER TABLE t RENAME id TO number; UPDATE t SET v = 'x', updated_at = now() WHERE number = 3");
}

#[test]
fn a_dropped_column_stays_and_is_null_in_rows_written_later() {
    let sandbox = followed(
        "ALTER TABLE t DROP v; UPDATE t SET n = 0, updated_at = now() WHERE id = 1; INSERT INTO t VALUES (99)",
    );
    let kept = sandbox.lake_column("SELECT id || '=' || coalesce(v, 'NULL') FROM t WHERE id IN (1, 2, 99) ORDER BY id");
    assert_eq!(kept, ["1=NULL", "2=v2", "99=NULL"]);
}

#[test]
fn a_dropped_not_null_column_does_not_stop_new_rows() {
    let sandbox = Sandbox::new("CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL); INSERT INTO t VALUES (1, 'x')");
    sandbox.once();
    sandbox.sql("ALTER TABLE t DROP v; INSERT INTO t VALUES (2)");
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn widened_types_are_widened_in_the_lake_and_keep_their_data() {
    followed(
        "ALTER TABLE t ALTER n TYPE bigint, ALTER small TYPE text, ALTER amount TYPE numeric(14, 4);
              INSERT INTO t VALUES (60, 'v', 'longer than five', 1234567890.1234, 3000000000)",
    );
    followed(
        "ALTER TABLE t ALTER small TYPE varchar(50), ALTER amount TYPE numeric(8, 2);
              INSERT INTO t VALUES (60, 'v', 'longer than five', 123456.25)",
    );
}

#[test]
fn floats_and_small_integers_are_widened_too() {
    let sandbox = Sandbox::new(
        "CREATE TABLE f (id smallint PRIMARY KEY, a smallint, b real, c varchar(3)[]);
         INSERT INTO f VALUES (1, 1, 0.1, '{a}'), (2, -32768, 'NaN', '{}');",
    );
    sandbox.once();
    sandbox.sql("ALTER TABLE f ALTER a TYPE int, ALTER b TYPE double precision, ALTER c TYPE text[]");
    sandbox.sql("INSERT INTO f VALUES (3, 100000, 0.1, '{abcdef}')");
    sandbox.once();
    sandbox.assert_equal("f");
}

#[test]
fn a_widened_key_column_keeps_the_key() {
    followed(
        "ALTER TABLE t ALTER id TYPE bigint; INSERT INTO t VALUES (3000000000); UPDATE t SET n = 5, updated_at = now()",
    );
}

#[test]
fn an_incompatible_type_is_copied_afresh_by_itself_and_said_so() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.sql("CREATE TABLE other (id int PRIMARY KEY, v text); UPDATE t SET v = id");
    sandbox.once();
    sandbox.sql("ALTER TABLE t ALTER v TYPE int USING v::int; INSERT INTO other VALUES (1, 'still followed')");
    let finished = sandbox.once();
    let said = "column \"v\" was text and is integer now: the table is bootstrapped again";
    assert!(finished.stderr.contains(said), "{}", finished.stderr);
    sandbox.assert_equal("other");
    sandbox.assert_equal("t");
    assert_eq!(sandbox.status("public.t").unwrap()["state"], "synced");
}

#[test]
fn a_column_that_comes_back_with_another_type_is_not_mixed_with_the_old_one() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    sandbox.sql("ALTER TABLE t DROP v");
    sandbox.once();
    sandbox.sql("ALTER TABLE t ADD v int; UPDATE t SET v = 5, updated_at = now() WHERE id < 9");
    let finished = sandbox.call(&["once"]);
    if finished.code != Some(0) {
        assert!(finished.stderr.contains("pg2duck resync public.t"), "{}", finished.stderr);
        assert_eq!(sandbox.call(&["resync", "t"]).code, Some(0));
    }
    sandbox.assert_equal("t");
}

#[test]
fn a_column_that_comes_back_with_its_type_holds_the_new_values() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    sandbox.sql("ALTER TABLE t DROP v");
    sandbox.once();
    sandbox.sql("ALTER TABLE t ADD v text");
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn a_rewritten_truncated_or_recreated_table_is_read_again() {
    followed("VACUUM FULL t");
    followed("TRUNCATE t; INSERT INTO t VALUES (3, 'after')");
    followed("DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'another table')");
    followed("ALTER TABLE t ADD CONSTRAINT u UNIQUE (n); ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ALTER n SET NOT NULL;
              ALTER TABLE t ADD PRIMARY KEY (n)");
}

#[test]
fn a_table_that_is_gone_from_the_source_stays_in_the_lake() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.sql("CREATE TABLE other (id int PRIMARY KEY)");
    sandbox.once();
    sandbox.sql("DROP TABLE t");
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM t"), "50");
}

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
        assert!(!finished.stderr.contains("bootstrapped again"), "{}", finished.stderr);
    }
    sandbox.assert_equal("t");
}
