//! Tables that cannot be synced: each fails with a sentence that names it, the column and the fix, and no other table does;
//! nothing is half-written; and once the mistake is mended, it is synced.

use crate::support::{PASSWORD, ROLE, Sandbox};

const TABLE: &str =
    "CREATE TABLE t (id int PRIMARY KEY, v text, updated_at timestamptz DEFAULT now()); INSERT INTO t VALUES (1), (2);";

const HUNDRED: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, updated_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 100) g;";

/// The table fails with these words, its neighbour is synced; after the cure it is, too.
fn table_fails(sql: &str, settings: &[(&str, &str)], words: &[&str], cure: &str) {
    let mut sandbox = Sandbox::new("CREATE TABLE fine (id int PRIMARY KEY); INSERT INTO fine VALUES (1)");
    sandbox.sql(sql);
    settings.iter().for_each(|(name, value)| sandbox.set(name, value));
    sandbox.once_fails(1, words);
    sandbox.assert_equal("fine");
    sandbox.assert_nothing_unfinished();
    assert!(!sandbox.lake_tables().contains(&"main.t".to_owned()), "{:?}", sandbox.lake_tables());
    sandbox.sql(cure);
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn tables_that_do_not_exist() {
    let sandbox = Sandbox::new(TABLE).with("SYNC_TABLES", "public.t,public.nosuch,typo");
    sandbox.once_fails(1, &["public.nosuch", "public.typo", "SYNC_TABLES"]);
    sandbox.assert_equal("t");
    let nothing = Sandbox::new(TABLE).with("SYNC_TABLES", "nosuch.*");
    let finished = nothing.call(&["once"]);
    assert_ne!(finished.code, Some(0));
    assert!(finished.stderr.contains("SYNC_TABLES"), "{}", finished.stderr);
}

#[test]
fn a_table_without_key() {
    let words = ["public.t", "no primary key", "SYNC_TABLE_T_PRIMARY_KEY="];
    table_fails("CREATE TABLE t (id int); INSERT INTO t VALUES (1)", &[], &words, "ALTER TABLE t ADD PRIMARY KEY (id)");
}

#[test]
fn a_given_key_that_is_none() {
    let given = [("SYNC_TABLE_T_PRIMARY_KEY", "id")];
    table_fails(
        "CREATE TABLE t (a int)",
        &given,
        &["public.t", "\"id\"", "PRIMARY_KEY"],
        "ALTER TABLE t ADD id int PRIMARY KEY",
    );
    let twice = "CREATE TABLE t (id int, v int); INSERT INTO t VALUES (1, 1), (1, 2)";
    table_fails(
        twice,
        &given,
        &["public.t", "(id)", "not unique"],
        "DELETE FROM t WHERE v = 2; ALTER TABLE t ADD PRIMARY KEY (id)",
    );
    let null = "CREATE TABLE t (id int UNIQUE, v int); INSERT INTO t VALUES (NULL, 1)";
    table_fails(null, &given, &["public.t", "(id)", "NULL"], "UPDATE t SET id = 1");
}

#[test]
fn a_cursor_column_that_is_missing_or_no_time() {
    let changed = [("SYNC_TABLE_T_CURSOR_COLUMN", "changed_at")];
    let words = ["public.t", "\"changed_at\"", "CURSOR_COLUMN"];
    table_fails("CREATE TABLE t (id int PRIMARY KEY)", &changed, &words, "ALTER TABLE t ADD changed_at timestamptz");
    let words = ["public.t", "\"changed_at\"", "integer", "CURSOR_COLUMN=xmin"];
    let cure = "ALTER TABLE t DROP changed_at; ALTER TABLE t ADD changed_at date";
    table_fails("CREATE TABLE t (id int PRIMARY KEY, changed_at int)", &changed, &words, cure);
}

#[test]
fn a_role_without_privilege_on_a_table_or_a_column() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.sql(
        "CREATE TABLE fine (id int PRIMARY KEY); INSERT INTO fine VALUES (1);
         CREATE SCHEMA shut; CREATE TABLE shut.t (id int PRIMARY KEY)",
    );
    let role = format!("poor_{}", sandbox.database);
    sandbox.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'; GRANT SELECT ON fine TO {role}"));
    let url = sandbox.url().replace(ROLE, &role);
    let sandbox = sandbox.with("DATABASE_URL", url).with("SYNC_TABLES", "public.*,shut.t");
    sandbox.once_fails(1, &["public.t", "GRANT SELECT", "shut.t", "USAGE"]);
    sandbox.assert_equal("fine");
    sandbox.sql(&format!(
        "GRANT USAGE ON SCHEMA shut TO {role}; GRANT SELECT ON shut.t TO {role}; GRANT SELECT (id) ON t TO {role}"
    ));
    // What it may read is copied; the rest is left out and said to be.
    sandbox.once();
    sandbox.assert_equal("shut.t");
    let columns = "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = 't'";
    assert_eq!(sandbox.lake_column(columns), ["id"]);
    assert_eq!(sandbox.status("public.t").unwrap()["left_out"], serde_json::json!(["v", "updated_at"]));
    sandbox.sql(&format!("GRANT SELECT ON t TO {role}"));
    sandbox.once();
    sandbox.assert_equal("t");
    assert_eq!(sandbox.status("public.t").unwrap()["left_out"], serde_json::json!([]));
}

/// Row-level security would silently leave rows out of the copy.
#[test]
fn row_level_security_is_an_error_and_not_a_filter() {
    let sandbox = Sandbox::new(HUNDRED);
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

/// Postgres quotes the value that it cannot cast.
#[test]
fn an_error_of_a_view_does_not_tell_the_value() {
    let sandbox = Sandbox::new(HUNDRED).with("SYNC_TABLES", "w").with("SYNC_TABLE_W_PRIMARY_KEY", "id");
    sandbox.sql("CREATE VIEW w AS SELECT id, v::int AS n FROM t; UPDATE t SET v = 'sec-ret'");
    let finished = sandbox.once_fails(1, &["invalid input syntax"]);
    assert!(!finished.stderr.contains("sec-ret"), "{}", finished.stderr);
}
