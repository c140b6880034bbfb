//! The bootstrap: every selected table arrives whole, with its types, its key and the names that were asked for.

use crate::support::{Sandbox, wait_until};

#[test]
fn an_empty_table_arrives_with_its_columns_and_key() {
    let sandbox = Sandbox::new("CREATE TABLE empty (a int, b text, note text, PRIMARY KEY (b, a))");
    sandbox.once();
    sandbox.assert_equal("empty");
    assert!(sandbox.parquet_files().is_empty());
    sandbox.sql("INSERT INTO empty VALUES (1, 'x', NULL)");
    sandbox.once();
    sandbox.assert_equal("empty");
}

#[test]
fn patterns_take_tables_in_and_exclusions_take_them_out() {
    let sandbox = Sandbox::new(
        "CREATE SCHEMA billing; CREATE SCHEMA other;
         CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (id int PRIMARY KEY);
         CREATE TABLE sessions (id int PRIMARY KEY); CREATE TABLE session_log (id int PRIMARY KEY);
         CREATE TABLE billing.invoices (id int PRIMARY KEY); CREATE TABLE billing.drafts (id int PRIMARY KEY);
         CREATE TABLE other.users (id int PRIMARY KEY);
         CREATE VIEW active AS SELECT * FROM users;
         INSERT INTO users VALUES (1); INSERT INTO billing.invoices VALUES (2);",
    )
    .with("SYNC_TABLES", "public.*, billing.inv*, !public.sessions, !*.*_log");
    sandbox.once();
    assert_eq!(sandbox.lake_tables(), ["billing.invoices", "main.orders", "main.users"]);
    ["users", "orders", "billing.invoices"].iter().for_each(|table| sandbox.assert_equal(table));
    sandbox.sql("CREATE TABLE late (id int PRIMARY KEY); INSERT INTO late VALUES (7)");
    sandbox.once();
    sandbox.assert_equal("late");
}

#[test]
fn one_table_is_named_by_schema_and_table_and_the_source_by_its_parts() {
    let mut sandbox = Sandbox::new(
        "CREATE SCHEMA app; CREATE TABLE app.\"a.b*\" (id int PRIMARY KEY); INSERT INTO app.\"a.b*\" VALUES (1);
         CREATE TABLE app.\"a.bc\" (id int PRIMARY KEY);",
    );
    let (port, database) = (sandbox.cluster.port, sandbox.database.clone());
    ["DATABASE_URL", "SYNC_TABLES"].iter().for_each(|name| sandbox.unset(name));
    let sandbox = sandbox
        .with("POSTGRES_HOST", "127.0.0.1")
        .with("POSTGRES_PORT", port)
        .with("POSTGRES_DB", database)
        .with("POSTGRES_USER", crate::support::ROLE)
        .with("POSTGRES_PASSWORD", crate::support::PASSWORD)
        .with("POSTGRES_SCHEMA", "app")
        .with("POSTGRES_TABLE", "a.b*");
    sandbox.once();
    assert_eq!(sandbox.lake_tables(), ["app.a.b*"]);
    sandbox.assert_equal("app.a.b*");
}

#[test]
fn keys_are_discovered_or_given_and_may_be_composite() {
    let sandbox = Sandbox::new(
        "CREATE TABLE lines (qty int, line int, \"order\" int, PRIMARY KEY (\"order\", line));
         INSERT INTO lines VALUES (5, 1, 1), (6, 2, 1), (7, 1, 2);
         CREATE TABLE by_index (nullable int UNIQUE, email text NOT NULL, tenant int NOT NULL);
         CREATE UNIQUE INDEX ON by_index (email) WHERE tenant > 5;
         CREATE UNIQUE INDEX ON by_index (lower(email), tenant);
         CREATE UNIQUE INDEX ON by_index (tenant, email) INCLUDE (nullable);
         INSERT INTO by_index VALUES (NULL, 'a@x', 1), (1, 'a@x', 2), (2, 'b@x', 2);
         CREATE TABLE given (a int, b text); INSERT INTO given VALUES (1, 'x'), (1, 'y'), (2, 'x');",
    )
    .with("SYNC_TABLE_GIVEN_PRIMARY_KEY", "b,a");
    sandbox.once();
    sandbox.assert_equal("lines");
    sandbox.compare("public", "by_index").key(&["tenant", "email"]).check();
    sandbox.compare("public", "given").key(&["b", "a"]).check();
    sandbox.sql("UPDATE lines SET qty = qty + 1; UPDATE by_index SET nullable = 9 WHERE tenant = 1");
    sandbox.once();
    sandbox.assert_equal("lines");
    sandbox.compare("public", "by_index").key(&["tenant", "email"]).check();
}

#[test]
fn lake_tables_are_called_as_the_template_says() {
    let sandbox = Sandbox::new(
        "CREATE SCHEMA crm; CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE crm.users (id int PRIMARY KEY);
         INSERT INTO users VALUES (1); INSERT INTO crm.users VALUES (2)",
    )
    .with("DUCKDB_TABLE", "raw.{schema}_{table}");
    sandbox.once();
    assert_eq!(sandbox.lake_tables(), ["raw.crm_users", "raw.public_users"]);
    sandbox.compare("public", "users").lake_name("raw", "public_users").check();
    sandbox.compare("crm", "users").lake_name("raw", "crm_users").check();
}

#[test]
fn two_tables_that_would_share_a_lake_table_are_refused() {
    let sandbox = Sandbox::new(
        "CREATE SCHEMA crm; CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE crm.users (id int PRIMARY KEY);
         INSERT INTO users VALUES (1); INSERT INTO crm.users VALUES (2)",
    )
    .with("DUCKDB_TABLE", "all_{table}");
    let finished = sandbox.call(&["once"]);
    assert!(matches!(finished.code, Some(1 | 2)), "{}", finished.stderr);
    assert!(finished.stderr.contains("DUCKDB_TABLE") && finished.stderr.contains("crm.users"), "{}", finished.stderr);
}

#[test]
fn a_partitioned_table_arrives_whole_and_rows_may_move_between_partitions() {
    let sandbox = Sandbox::new(
        "CREATE TABLE events (id int, day date, note text, updated_at timestamptz DEFAULT now(), PRIMARY KEY (id, day))
             PARTITION BY RANGE (day);
         CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
         CREATE TABLE events_new (note text, day date NOT NULL, gone int, updated_at timestamptz DEFAULT now(), id int NOT NULL);
         ALTER TABLE events_new DROP COLUMN gone;
         ALTER TABLE events ATTACH PARTITION events_new FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
         CREATE TABLE events_rest PARTITION OF events DEFAULT;
         INSERT INTO events SELECT n, date '2022-06-01' + n, 'n' || n FROM generate_series(1, 1200) n;",
    );
    sandbox.once();
    assert_eq!(sandbox.lake_tables(), ["main.events"]);
    sandbox.assert_equal("events");
    sandbox.sql("UPDATE events SET note = 'changed', updated_at = now() WHERE id % 7 = 0");
    sandbox.once();
    sandbox.assert_equal("events");
}

#[test]
fn batches_have_at_most_batch_size_rows_also_where_the_last_one_is_full() {
    for (rows, batch, files) in [(5, 1, 5), (9, 10, 1), (10, 10, 1), (11, 10, 2), (20, 10, 2)] {
        let sandbox = Sandbox::quiet(&format!(
            "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, {rows}) n"
        ))
        .with("BATCH_SIZE", batch);
        sandbox.once();
        sandbox.assert_equal("t");
        assert_eq!(sandbox.parquet_files().len(), files, "{rows} rows in batches of {batch}");
    }
}

#[test]
fn a_table_of_many_chunks_and_holes_arrives_whole_however_many_read_it() {
    // A low fill factor gives 12,000 pages for 120,000 rows; the deletes leave empty ranges of pages within and at the end.
    let mut sandbox = Sandbox::new(
        "CREATE TABLE pages (id int PRIMARY KEY, v text, updated_at timestamptz DEFAULT now()) WITH (fillfactor = 10);
         INSERT INTO pages SELECT n, repeat('x', 40) FROM generate_series(1, 120000) n;
         DELETE FROM pages WHERE id BETWEEN 20000 AND 70000 OR id > 118000;",
    )
    .with("BOOTSTRAP_CHUNK_PAGES", 500);
    sandbox.sql("VACUUM (TRUNCATE false) pages");
    for workers in [1, 4] {
        sandbox.set("BOOTSTRAP_WORKERS", workers);
        assert_eq!(sandbox.call(&["resync", "pages"]).code, Some(0));
        sandbox.assert_equal("pages");
    }
}

#[test]
fn columns_that_were_dropped_before_leave_no_trace() {
    let sandbox = Sandbox::new(
        "CREATE TABLE t (old int, id int PRIMARY KEY, older text, v text); ALTER TABLE t DROP COLUMN old;
         INSERT INTO t VALUES (1, 'gone', 'stays'); ALTER TABLE t DROP COLUMN older;",
    );
    sandbox.once();
    sandbox.assert_equal("t");
    let columns =
        sandbox.lake_column("SELECT column_name FROM duckdb_columns() WHERE table_name = 't' ORDER BY column_index");
    assert_eq!(columns, ["id", "v"]);
}

#[test]
fn rows_that_move_while_the_table_is_copied_arrive_once_and_newest() {
    // Many small chunks, and a writer that moves all rows to pages not read yet.
    let sandbox = Sandbox::new(
        "CREATE TABLE moving (id int PRIMARY KEY, rowid int, n int DEFAULT 0, pad text DEFAULT repeat('x', 900),
                              updated_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO moving SELECT g, -g FROM generate_series(1, 3000) g;",
    )
    .with("BOOTSTRAP_CHUNK_PAGES", 10)
    .with("BOOTSTRAP_WORKERS", 3)
    .with("BATCH_SIZE", 100);
    let once = sandbox.start(&["once"]);
    wait_until("the copy has begun", || !sandbox.parquet_files().is_empty());
    for _ in 0..3 {
        sandbox.sql("UPDATE moving SET n = n + 1, rowid = rowid - 1, updated_at = now()");
    }
    assert_eq!(once.finish().code, Some(0));
    sandbox.once();
    sandbox.assert_equal("moving");
}

#[test]
fn a_view_with_a_given_key_is_read_in_full_at_every_cycle() {
    let sandbox = Sandbox::new(
        "CREATE TABLE base (id int PRIMARY KEY, v text); INSERT INTO base VALUES (1, 'a'), (2, 'b');
         CREATE VIEW shown AS SELECT id AS number, upper(v) AS v FROM base;",
    )
    .with("SYNC_TABLES", "shown")
    .with("SYNC_TABLE_SHOWN_PRIMARY_KEY", "number");
    for change in ["SELECT 1", "UPDATE base SET v = 'c' WHERE id = 1", "DELETE FROM base WHERE id = 2", "TRUNCATE base"]
    {
        sandbox.sql(change);
        sandbox.once();
        sandbox.compare("public", "shown").key(&["number"]).check();
    }
}
