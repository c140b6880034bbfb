//! The first cycle: a full copy of every selected table, with its types, its key and the names that were asked for.

use crate::support::{Sandbox, wait_until};

/// One column of every supported type, domains, enums, composites and arrays included.
const EVERY_TYPE: &str = "
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy');
    CREATE TYPE point3 AS (x int, y int, label text);
    CREATE DOMAIN price AS numeric(12, 2) CHECK (value > 0);
    CREATE DOMAIN short AS varchar(5);
    CREATE TABLE everything (
        id bigint PRIMARY KEY, c_bool bool, c_int2 int2, c_int4 int4, c_int8 int8, c_oid oid, c_float4 float4,
        c_float8 float8, c_numeric numeric(12, 2), c_wide numeric(38, 10), c_whole numeric(20), c_free numeric,
        c_too_wide numeric(50, 2), c_text text, c_varchar varchar(40), c_char char(6), c_name name, c_bytea bytea,
        c_uuid uuid, c_date date, c_time time, c_time0 time(0), c_timestamp timestamp, c_timestamptz timestamptz,
        c_timestamptz0 timestamptz(0), c_interval interval, c_json json, c_jsonb jsonb, c_mood mood, c_price price,
        c_short short, c_inet inet, c_cidr cidr, c_macaddr macaddr, c_bit bit(4), c_varbit varbit, c_money money,
        c_timetz timetz, c_point point, c_range int4range, c_composite point3, c_tsvector tsvector, c_xml xml,
        a_bool bool[], a_int4 int4[], a_int8 int8[], a_float8 float8[], a_numeric numeric(12, 2)[], a_text text[],
        a_bytea bytea[], a_uuid uuid[], a_date date[], a_timestamptz timestamptz[], a_interval interval[],
        a_jsonb jsonb[], a_mood mood[], a_inet inet[], c_generated int GENERATED ALWAYS AS (c_int2 * 2) STORED
    );";

/// A row of values at one end of each type's range, and some that need escaping.
const LOW: &str = "
    INSERT INTO everything VALUES (
        -9223372036854775808, false, -16384, -2147483648, -9223372036854775808, 0, '-3.4028235e38', '-1.7976931348623157e308',
        -9999999999.99, -9999999999999999999999999999.9999999999, -99999999999999999999, -0.000000000000000001,
        -123456789012345678901234567890, '', '', '', '', '', '00000000-0000-0000-0000-000000000000', '4713-01-01 BC', '00:00',
        '00:00', '4713-01-01 00:00:00 BC', '4713-01-01 00:00:00+00 BC', '0001-12-31 23:59:59+00 BC',
        '-178000000 years -11 months -2147483648 days -23:59:59.999999', 'null', 'null', 'sad', 0.01, '', '0.0.0.0', '0.0.0.0/0',
        '00:00:00:00:00:00', B'0000', B'', '-92233720368547758.08', '00:00:00+15:59', '(-1.5,-0)', 'empty', '(,,)', '', '',
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}');";

/// The other end, with NULL elements in arrays.
const HIGH: &str = r#"
    INSERT INTO everything VALUES (
        9223372036854775807, true, 16383, 2147483647, 9223372036854775807, 4294967295, 'NaN', 'NaN', 9999999999.99,
        9999999999999999999999999999.9999999999, 99999999999999999999, 'NaN', 99999999999999999999999999999999999999999999999.99,
        E'tab\there, line\nbreak, quote " and '' and \\ and €, 𝄞', repeat('é', 40), 'ab', 'pg_class', '\x00ff5c0a',
        'ffffffff-ffff-ffff-ffff-ffffffffffff', 'infinity', '24:00', '23:59:59', 'infinity', '-infinity', '2024-02-29 12:00:00+00',
        '178000000 years 11 months 2147483647 days 23:59:59.999999', '{"b": 1, "a": [1, 2.50, null],  "b": 2}',
        '{"b": 1, "a": [1, 2.50, null], "é": "\"x\""}', 'very happy', 9999999999.99, 'abcde', '2001:db8::1/64', '2001:db8::/32',
        'ff:ff:ff:ff:ff:ff', B'1010', B'101010101', '92233720368547758.07', '23:59:59.999999-12', '(1e300,2)', '[1,10)',
        '(1,-2,"a ""b"", c")', 'a fat cat', '<a b="c">d &amp; e</a>', '{t,f,NULL}', '{1,NULL,-2147483648}',
        '{9223372036854775807}', '{NaN,Infinity,-Infinity,-0,0.1,NULL}', '{0.01,-9999999999.99,NULL}',
        ARRAY['', 'NULL', NULL, 'a,b', '{}', '"', '\', E'\n'], ARRAY['\x00'::bytea, NULL, ''],
        '{00000000-0000-0000-0000-000000000001,NULL}', '{infinity,0044-03-15 BC,NULL}', '{-infinity,2024-01-01 00:00:00.000001+00}',
        ARRAY['1 mon -1 day 00:00:01'::interval, NULL], ARRAY['{"a":1}'::jsonb, 'null', NULL], '{ok,"very happy",NULL}',
        '{10.0.0.1,NULL}');"#;

const MIDDLE: &str = "
    INSERT INTO everything (id) VALUES (0);
    INSERT INTO everything (id, c_float4, c_float8, c_date, c_timestamp, c_timestamptz, c_free, c_time, c_interval)
    VALUES (1, 'Infinity', '-Infinity', '-infinity', '-infinity', 'infinity', 'Infinity', '12:34:56.789012', '0'),
           (2, '-0', '-0', '1969-12-31', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999+00', 0.1, '00:00:00.000001',
            '-1 mon +1 day -00:00:00.000001'),
           (3, '1e-45', '5e-324', '9999-12-31', '294246-12-31 23:59:59.999999', '294246-12-31 23:59:59+00', 1e30, '23:59:59.999999',
            '1 year'),
           (4, '0.1', '0.1', '2000-02-29', '2000-01-01', '2024-03-31 02:30:00+02', 12345678901234567890.123456789, '06:00', '1 day');";

#[test]
fn every_supported_type_arrives_unchanged() {
    let sandbox = Sandbox::new(&[EVERY_TYPE, LOW, HIGH, MIDDLE].concat());
    sandbox.once();
    sandbox.assert_equal("everything");
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM everything"), "7");
    sandbox.assert_nothing_unfinished();
}

#[test]
fn a_value_that_the_lake_cannot_hold_stops_its_table_and_no_other() {
    let sandbox = Sandbox::new(
        "CREATE TABLE fine (id int PRIMARY KEY); INSERT INTO fine VALUES (1);
         CREATE TABLE odd (id int PRIMARY KEY, amount numeric(10, 2)); INSERT INTO odd VALUES (1, 1.5), (2, 'NaN');
         CREATE TABLE grid (id int PRIMARY KEY, cells int[]); INSERT INTO grid VALUES (1, '{{1,2},{3,4}}');",
    );
    sandbox.once_fails(1, &["public.odd", "amount", "NaN", "public.grid", "cells", "dimension"]);
    sandbox.assert_equal("fine");
    sandbox.sql("UPDATE odd SET amount = 2 WHERE id = 2; UPDATE grid SET cells = '{1,2}'");
    sandbox.once();
    sandbox.assert_equal("odd");
    sandbox.assert_equal("grid");
}

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
        let sandbox = Sandbox::new(&format!(
            "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, {rows}) n"
        ))
        .with("BATCH_SIZE", batch);
        sandbox.once();
        sandbox.assert_equal("t");
        assert_eq!(sandbox.parquet_files().len(), files, "{rows} rows in batches of {batch}");
    }
}

#[test]
fn a_table_of_many_chunks_and_holes_arrives_whole() {
    // A low fill factor gives 12,000 pages for 120,000 rows; the deletes leave empty ranges of pages within and at the end.
    let sandbox = Sandbox::new(
        "CREATE TABLE pages (id int PRIMARY KEY, v text, updated_at timestamptz DEFAULT now()) WITH (fillfactor = 10);
         INSERT INTO pages SELECT n, repeat('x', 40) FROM generate_series(1, 120000) n;
         DELETE FROM pages WHERE id BETWEEN 20000 AND 70000 OR id > 118000;",
    );
    sandbox.sql("VACUUM (TRUNCATE false) pages");
    let sandbox = sandbox.with("BOOTSTRAP_CHUNK_PAGES", 500);
    sandbox.once();
    sandbox.assert_equal("pages");
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
    // One row per chunk of pages, and a writer that moves rows to pages not read yet.
    let sandbox = Sandbox::new(
        "CREATE TABLE moving (id int PRIMARY KEY, rowid int, n int DEFAULT 0, pad text DEFAULT repeat('x', 900),
                              updated_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO moving SELECT g, -g FROM generate_series(1, 3000) g;",
    )
    .with("BOOTSTRAP_CHUNK_PAGES", 1)
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
    for change in ["SELECT 1", "UPDATE base SET v = 'c' WHERE id = 1", "DELETE FROM base WHERE id = 2", "TRUNCATE base"] {
        sandbox.sql(change);
        sandbox.once();
        sandbox.compare("public", "shown").key(&["number"]).check();
    }
}
