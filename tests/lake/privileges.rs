//! A role that may read some columns only: those are copied, and which it cannot read is said with the grant.

use super::columns::{PEOPLE, assert_nowhere, assert_same, lake_columns};
use crate::support::{PASSWORD, ROLE, Sandbox};
use serde_json::json;

/// A sandbox whose role may read these columns of `people` only.
fn restricted(columns: &str) -> (Sandbox, String) {
    let sandbox =
        Sandbox::new(PEOPLE).with("SYNC_TABLES", "people").with("CURSOR_OVERLAP", "0s").with("SWEEP_INTERVAL", "365d");
    let role = format!("narrow_{}", sandbox.database);
    sandbox.sql(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_read_all_stats; GRANT SELECT ({columns}) ON people TO {role}"
    ));
    let url = sandbox.url().replace(ROLE, &role);
    (sandbox.with("DATABASE_URL", url), role)
}

#[test]
fn a_role_that_may_read_some_columns_copies_those_and_says_which_it_cannot() {
    let (sandbox, role) = restricted("id, name, updated_at");
    sandbox.once();
    assert_eq!(lake_columns(&sandbox, "people"), ["id", "name", "updated_at"]);
    let status = sandbox.status("public.people").unwrap();
    assert_eq!(status["left_out"], json!(["email", "Note, \"x\"", "born", "tags", "n"]));
    assert_eq!(status["cursor_column"], "none (read in full)");
    assert_nowhere(&sandbox, "secret-");
    // Read in full, so that not even what no cursor shows is missed.
    sandbox.sql("UPDATE people SET name = 'silent' WHERE id = 2; DELETE FROM people WHERE id = 3; INSERT INTO people (id) VALUES (77)");
    sandbox.once();
    assert_same(&sandbox, "people", "id, name");
    for (change, columns) in [
        (format!("GRANT SELECT (email) ON people TO {role}"), &["id", "name", "email", "updated_at"][..]),
        (format!("REVOKE SELECT (name) ON people FROM {role}"), &["id", "email", "updated_at"]),
        ("TRUNCATE people; INSERT INTO people (id, email) VALUES (1, 'after')".into(), &["id", "email", "updated_at"]),
        ("ALTER TABLE people ALTER email TYPE varchar(50)".into(), &["id", "email", "updated_at"]),
    ] {
        sandbox.sql(&change);
        sandbox.once();
        assert_eq!(lake_columns(&sandbox, "people"), columns, "{change}");
        assert_same(&sandbox, "people", "id, email");
    }
    sandbox.sql(&format!("REVOKE SELECT (id) ON people FROM {role}"));
    sandbox.once_fails(1, &["\"id\" of public.people", "GRANT SELECT (\"id\")"]);
    sandbox.sql(&format!("GRANT SELECT ON people TO {role}"));
    sandbox.once();
    sandbox.assert_equal("people");
    assert_eq!(sandbox.status("public.people").unwrap()["cursor_column"], "updated_at");
    assert_eq!(sandbox.status("public.people").unwrap()["left_out"], json!([]));
}

#[test]
fn a_role_that_may_also_read_xmin_and_ctid_follows_the_cursor() {
    let (sandbox, role) = restricted("ctid, xmin, id, name, updated_at");
    sandbox.sql("INSERT INTO people SELECT g, 'name ' || g FROM generate_series(100, 4000) g");
    sandbox.once();
    let status = sandbox.status("public.people").unwrap();
    assert_eq!((&status["cursor_column"], &status["rows"]), (&json!("updated_at"), &json!(3941)));
    let before = sandbox.parquet_files();
    sandbox.sql("UPDATE people SET name = 'changed', updated_at = clock_timestamp() WHERE id < 4");
    sandbox.once();
    assert_same(&sandbox, "people", "id, name");
    assert!(sandbox.rows_in_new_files(&before) < 100, "only changed rows travel");
    // Rewrites are noticed without the privilege to lock the table.
    for rewrite in [
        "VACUUM FULL people",
        "TRUNCATE people; INSERT INTO people (id, name, updated_at) VALUES (5, 'after', '2001-01-01')",
        "ALTER TABLE people ALTER n TYPE text",
    ] {
        sandbox.sql(rewrite);
        let finished = sandbox.once();
        assert!(finished.stderr.contains("bootstrapped again"), "{rewrite}:\n{}", finished.stderr);
        assert_same(&sandbox, "people", "id, name");
    }
    // Without the cursor column by xmin alone, without xmin in full, and back.
    for (change, cursor) in [
        (format!("REVOKE SELECT (updated_at) ON people FROM {role}"), "xmin"),
        (format!("REVOKE SELECT (xmin) ON people FROM {role}"), "none (read in full)"),
        (format!("GRANT SELECT (xmin, updated_at) ON people TO {role}"), "updated_at"),
    ] {
        sandbox.sql(&change);
        sandbox.sql("UPDATE people SET name = name || '!', updated_at = clock_timestamp()");
        sandbox.once();
        assert_same(&sandbox, "people", "id, name");
        assert_eq!(sandbox.status("public.people").unwrap()["cursor_column"], cursor, "{change}");
    }
}

#[test]
fn a_column_that_is_named_but_may_not_be_read_is_an_error_with_the_grant() {
    let (mut sandbox, role) = restricted("id, name, updated_at");
    sandbox.set("SYNC_TABLE_PEOPLE_COLUMNS", "id,email");
    sandbox.once_fails(1, &["\"email\" of public.people", "GRANT SELECT (\"email\") ON \"public\".\"people\""]);
    sandbox.sql(&format!("GRANT SELECT (email) ON people TO {role}"));
    sandbox.once();
    assert_same(&sandbox, "people", "id, email");
    sandbox.unset("SYNC_TABLE_PEOPLE_COLUMNS");
    sandbox.set("SYNC_TABLE_PEOPLE_CURSOR_COLUMN", "born");
    let finished = sandbox.call(&["once"]);
    assert!(finished.code == Some(0) || finished.stderr.contains("GRANT SELECT (\"born\")"), "{}", finished.stderr);
}
