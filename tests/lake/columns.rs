//! Which columns leave the source, and in what form: COLUMNS, EXCLUDE and MASK. What is left out or masked is nowhere in what
//! pg2duck leaves behind, and a change of mind is followed at once.

use crate::support::{Sandbox, exported};
use serde_json::json;

pub const PEOPLE: &str = r#"
    CREATE TABLE people (id int PRIMARY KEY, name text, email text, "Note, ""x""" text, born date, tags text[], n numeric,
                         updated_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO people SELECT g, 'name ' || g, CASE WHEN g % 5 > 0 THEN 'secret-' || md5(g::text) || '@example.org' END, 'note ' || g,
        date '2000-01-01' + g, ARRAY['t' || g, NULL], g / 7.0 FROM generate_series(1, 40) g;"#;

/// The lake table's columns, in order.
pub fn lake_columns(sandbox: &Sandbox, table: &str) -> Vec<String> {
    sandbox.lake_column(&format!(
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = '{table}' ORDER BY column_index"
    ))
}

/// Everything that pg2duck has left behind, as text: tables, archive, state, logs.
pub fn assert_nowhere(sandbox: &Sandbox, secret: &str) {
    let everything = exported(sandbox);
    assert!(everything.len() > 1000, "only {} characters were looked at", everything.len());
    assert!(!everything.contains(secret), "{secret:?} was left behind");
}

/// Compares these columns only.
pub fn assert_same(sandbox: &Sandbox, table: &str, columns: &str) {
    let rows = format!(
        "SELECT string_agg(r, chr(10) ORDER BY r) FROM (SELECT concat_ws('|', {columns}) AS r FROM {table}) AS s"
    );
    assert_eq!(sandbox.lake_value(&rows), sandbox.value(&rows.replace("ORDER BY r", "ORDER BY r COLLATE \"C\"")));
}

#[test]
fn only_the_columns_that_are_named_are_copied() {
    let sandbox = Sandbox::new(PEOPLE).with("SYNC_TABLE_PEOPLE_COLUMNS", r#"id, "Note, ""x""" ,n"#);
    sandbox.once();
    assert_eq!(lake_columns(&sandbox, "people"), ["id", "Note, \"x\"", "n"]);
    let status = sandbox.status("public.people").unwrap();
    assert_eq!(status["left_out"], json!(["name", "email", "born", "tags", "updated_at"]));
    assert!(
        sandbox.call(&["status"]).stdout.contains("public.people: not copied: name, email, born, tags, updated_at")
    );
    assert_same(&sandbox, "people", r#"id, "Note, ""x""""#);
    assert_nowhere(&sandbox, "secret-");
    // The cursor column is read although it is not copied.
    assert_eq!(status["cursor_column"], "updated_at");
    sandbox.sql(r#"UPDATE people SET "Note, ""x""" = 'changed', updated_at = now() WHERE id < 4; INSERT INTO people (id) VALUES (99)"#);
    let before = sandbox.parquet_files();
    sandbox.once();
    assert_same(&sandbox, "people", r#"id, "Note, ""x""""#);
    assert!(sandbox.rows_in_new_files(&before) < 40, "only changed rows travel");
    // A column that is added later was not named.
    sandbox.sql("ALTER TABLE people ADD later text DEFAULT 'secret-later'");
    let finished = sandbox.once();
    assert!(!finished.stderr.contains("bootstrapped again"), "{}", finished.stderr);
    assert_eq!(lake_columns(&sandbox, "people").len(), 3);
}

#[test]
fn excluded_columns_stay_in_the_source() {
    let sandbox = Sandbox::new(PEOPLE).with("SYNC_TABLE_PUBLIC_PEOPLE_EXCLUDE", "email,updated_at");
    sandbox.once();
    assert_eq!(lake_columns(&sandbox, "people"), ["id", "name", "Note, \"x\"", "born", "tags", "n"]);
    assert_eq!(sandbox.status("public.people").unwrap()["left_out"], json!(["email", "updated_at"]));
    sandbox.sql("UPDATE people SET name = 'changed', email = 'secret-changed', updated_at = now() WHERE id = 3; ALTER TABLE people ADD later int");
    sandbox.once();
    assert_same(&sandbox, "people", "id, name, born, later");
    assert_nowhere(&sandbox, "secret-");
    // What happens to a column that is not copied is no reason to copy the table again.
    for change in
        ["ALTER TABLE people ALTER email SET DEFAULT 'secret-default'", "ALTER TABLE people ALTER email TYPE varchar"]
    {
        sandbox.sql(change);
        let finished = sandbox.once();
        assert!(!finished.stderr.contains("bootstrapped again"), "{change}: {}", finished.stderr);
    }
}

#[test]
fn of_a_masked_column_only_the_salted_hash_arrives() {
    let settings =
        [("MASK_SALT", "it's a \"salt\" \\ é"), ("SYNC_TABLE_PEOPLE_MASK", "email, born,tags,n,\"Note, \"\"x\"\"\"")];
    let mut sandbox = Sandbox::new(PEOPLE);
    sandbox.sql(r#"UPDATE people SET "Note, ""x""" = E'back\\slash é ''quoted'' secret-' WHERE id < 3; UPDATE people SET tags = '{{secret-,b},{c,NULL}}' WHERE id = 3"#);
    settings.iter().for_each(|(name, value)| sandbox.set(name, value));
    let hash = |column: &str| {
        format!("encode(sha256(convert_to('it''s a \"salt\" \\ é' || format('%s', {column}), 'UTF8')), 'hex')")
    };
    let masked = ["email", "born", "tags", "n", r#""Note, ""x""""#];
    let compare = || {
        let lake = format!(
            "SELECT string_agg(concat_ws('|', id, {}), chr(10) ORDER BY id) FROM people",
            masked.map(|c| format!("coalesce({c}, '-')")).join(", ")
        );
        let source =
            masked.map(|column| format!("coalesce(CASE WHEN {column} IS NOT NULL THEN {} END, '-')", hash(column)));
        let source =
            format!("SELECT string_agg(concat_ws('|', id, {}), chr(10) ORDER BY id) FROM people", source.join(", "));
        assert_eq!(sandbox.lake_value(&lake), sandbox.value(&source));
        assert_same(&sandbox, "people", "id, name");
        assert_nowhere(&sandbox, "secret-");
    };
    sandbox.once();
    compare();
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM people WHERE email IS NULL"), "8");
    sandbox.sql("UPDATE people SET email = 'secret-new', updated_at = now() WHERE id = 5; INSERT INTO people (id, email) VALUES (99, ''), (98, NULL)");
    sandbox.once();
    compare();
    let kinds = "SELECT string_agg(DISTINCT data_type) FROM duckdb_columns() WHERE table_name = 'people' AND column_name IN ('email', 'born', 'tags', 'n')";
    assert_eq!(sandbox.lake_value(kinds), "VARCHAR");
    assert_nowhere(&sandbox, "a \"salt\"");
}

#[test]
fn a_masked_key_stays_a_key() {
    let sandbox = Sandbox::new(
        "CREATE TABLE accounts (email text, kind int, v int, PRIMARY KEY (email, kind));
         INSERT INTO accounts SELECT 'secret-' || g, g % 3, g FROM generate_series(1, 30) g",
    )
    .with("SYNC_TABLE_ACCOUNTS_MASK", "email");
    sandbox.once();
    sandbox.sql("UPDATE accounts SET v = -v WHERE kind = 1; INSERT INTO accounts VALUES ('secret-1', 2, 0)");
    sandbox.once();
    let rows =
        |email: &str| format!("SELECT string_agg(concat_ws('|', {email}, kind, v), ',' ORDER BY v) FROM accounts");
    assert_eq!(sandbox.lake_value(&rows("email")), sandbox.value(&rows("encode(sha256(email::bytea), 'hex')")));
    assert_nowhere(&sandbox, "secret-");
}

#[test]
fn a_masked_column_rejects_nothing_and_its_values_are_in_no_list() {
    let sandbox = Sandbox::new(
        r#"CREATE TABLE t (id int PRIMARY KEY, j json, a numeric(4, 2)); INSERT INTO t VALUES (1, '"\ud800 secret-"', 'NaN')"#,
    )
    .with("SYNC_TABLE_T_MASK", "j,a");
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM _pg2duck.rejects"), "0");
    assert_eq!(sandbox.lake_value("SELECT a FROM t"), sandbox.value("SELECT encode(sha256('NaN'), 'hex')"));
    assert_nowhere(&sandbox, "secret-");
}

#[test]
fn the_salt_may_come_from_a_file() {
    let sandbox = Sandbox::new(PEOPLE).with("SYNC_TABLE_PEOPLE_MASK", "name");
    let file = sandbox.path("salt");
    std::fs::write(&file, "from a file\n").unwrap();
    let sandbox = sandbox.with("MASK_SALT_FILE", file.display());
    sandbox.once();
    assert_eq!(
        sandbox.lake_value("SELECT name FROM people WHERE id = 1"),
        sandbox.value("SELECT encode(sha256('from a filename 1'), 'hex')")
    );
}

#[test]
fn names_that_are_unknown_or_of_the_key_are_an_error_of_their_table_alone() {
    let mut sandbox = Sandbox::new(PEOPLE);
    sandbox.sql("CREATE TABLE fine (id int PRIMARY KEY)");
    for (setting, value, words) in [
        ("COLUMNS", "id,nosuch", &["public.people", "\"nosuch\"", "SYNC_TABLE_PEOPLE_COLUMNS", "born"][..]),
        ("EXCLUDE", "Email", &["public.people", "\"Email\"", "SYNC_TABLE_PEOPLE_EXCLUDE", "email"]),
        ("MASK", "name,\"e,mail\"", &["public.people", "\"e,mail\"", "SYNC_TABLE_PEOPLE_MASK"]),
        ("COLUMNS", "name", &["\"id\" of public.people", "belongs to the key", "SYNC_TABLE_PEOPLE_MASK"]),
        ("EXCLUDE", "id", &["\"id\" of public.people", "belongs to the key", "SYNC_TABLE_PEOPLE_MASK"]),
    ] {
        let variable = format!("SYNC_TABLE_PEOPLE_{setting}");
        sandbox.set(&variable, value);
        sandbox.sql("INSERT INTO fine SELECT coalesce(max(id), 0) + 1 FROM fine");
        sandbox.once_fails(1, words);
        sandbox.assert_equal("fine");
        assert_eq!(sandbox.lake_tables(), ["main.fine"]);
        sandbox.unset(&variable);
    }
    sandbox.once();
    sandbox.assert_equal("people");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    for (one, other) in [("COLUMNS", "EXCLUDE"), ("EXCLUDE", "MASK")] {
        let sandbox = Sandbox::new(PEOPLE)
            .with(&format!("SYNC_TABLE_PEOPLE_{one}"), "id,email")
            .with(&format!("SYNC_TABLE_PEOPLE_{other}"), "email");
        let sandbox = if one == "EXCLUDE" { sandbox.with("SYNC_TABLE_PEOPLE_EXCLUDE", "email") } else { sandbox };
        // What is excluded is excluded, whatever else is said of it.
        sandbox.once();
        assert!(!lake_columns(&sandbox, "people").contains(&"email".to_owned()));
        assert_nowhere(&sandbox, "secret-");
    }
}

#[test]
fn a_changed_setting_removes_what_is_left_out_now_and_copies_afresh_what_is_read_otherwise() {
    let mut sandbox = Sandbox::new(PEOPLE);
    sandbox.once();
    sandbox.assert_equal("people");
    let all = lake_columns(&sandbox, "people");
    let cases: [(&str, &str, &str); 7] = [
        ("SYNC_TABLE_PEOPLE_EXCLUDE", "email", "column \"email\" left the lake"),
        ("SYNC_TABLE_PEOPLE_COLUMNS", "id,name,email,born", "left the lake"),
        ("SYNC_TABLE_PEOPLE_MASK", "email,name", "\"name\" is read differently now"),
        ("MASK_SALT", "a", "is read differently now"),
        ("MASK_SALT", "b", "is read differently now"),
        ("NUMERIC", "text", "\"n\" is read differently now"),
        ("SYNC_TABLE_PEOPLE_NUMERIC", "double", "\"n\" is read differently now"),
    ];
    for (setting, value, reason) in cases {
        if setting == "NUMERIC" {
            for name in
                ["SYNC_TABLE_PEOPLE_EXCLUDE", "SYNC_TABLE_PEOPLE_COLUMNS", "SYNC_TABLE_PEOPLE_MASK", "MASK_SALT"]
            {
                sandbox.unset(name);
            }
            let finished = sandbox.once();
            assert!(finished.stderr.contains("bootstrapped again"), "{}", finished.stderr);
            sandbox.assert_equal("people");
            assert_eq!(lake_columns(&sandbox, "people"), all);
        }
        if setting == "SYNC_TABLE_PEOPLE_MASK" {
            sandbox.unset("SYNC_TABLE_PEOPLE_EXCLUDE");
        }
        sandbox.set(setting, value);
        let finished = sandbox.once();
        let warned = finished.stderr.lines().any(|line| {
            let copied = line.contains("bootstrapped again") || reason.ends_with("left the lake");
            copied && (line.contains(reason) || setting == "SYNC_TABLE_PEOPLE_MASK")
        });
        assert!(warned, "{setting}={value}: {reason} is not said in:\n{}", finished.stderr);
        let columns = lake_columns(&sandbox, "people");
        match setting {
            "SYNC_TABLE_PEOPLE_EXCLUDE" => {
                assert!(columns.len() == all.len() - 1 && !columns.contains(&"email".to_owned()), "{columns:?}")
            }
            "SYNC_TABLE_PEOPLE_COLUMNS" => assert_eq!(columns, ["id", "name", "born"]),
            "SYNC_TABLE_PEOPLE_MASK" => assert_eq!(columns, ["id", "name", "email", "born"]),
            "MASK_SALT" => assert_eq!(
                sandbox.lake_value("SELECT name FROM people WHERE id = 7"),
                sandbox.value(&format!("SELECT encode(sha256('{value}name 7'), 'hex')"))
            ),
            "NUMERIC" => sandbox.compare("public", "people").numeric_as_text().check(),
            _ => sandbox.assert_equal("people"),
        }
    }
    // Once is enough.
    let finished = sandbox.once();
    assert!(!finished.stderr.contains("bootstrapped again"), "{}", finished.stderr);
}

#[test]
fn columns_that_differ_only_in_case_can_be_copied_by_leaving_one_out() {
    let sandbox = Sandbox::new(
        r#"CREATE TABLE t (id int PRIMARY KEY, "Name" text, name text); INSERT INTO t VALUES (1, 'a', 'b')"#,
    )
    .with("SYNC_TABLE_T_EXCLUDE", "Name");
    sandbox.once();
    assert_eq!(sandbox.lake_column("SELECT name FROM t"), ["b"]);
}

#[test]
fn a_view_can_be_narrowed_and_masked() {
    let sandbox = Sandbox::new(PEOPLE)
        .with("SYNC_TABLES", "v")
        .with("SYNC_TABLE_V_PRIMARY_KEY", "id")
        .with("SYNC_TABLE_V_EXCLUDE", "n,tags")
        .with("SYNC_TABLE_V_MASK", "email");
    sandbox.sql("CREATE VIEW v AS SELECT * FROM people");
    for _ in 0..2 {
        sandbox.once();
        assert_eq!(lake_columns(&sandbox, "v"), ["id", "name", "email", "Note, \"x\"", "born", "updated_at"]);
        assert_nowhere(&sandbox, "secret-");
        sandbox.sql("UPDATE people SET email = 'secret-again'");
    }
}
