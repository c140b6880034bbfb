//! What `setup` installs, for whom, and that it can be repeated, printed and undone.

use super::{ZOO, admin_url, dump, prepared, recorded, setup};
use crate::support::wait_until;
use std::process::Command;

#[test]
fn a_second_run_changes_nothing_and_says_so() {
    let sandbox = prepared(ZOO);
    let flags = ["--updated-at", "--notify"];
    let first = setup(&sandbox, &flags);
    assert!(first.contains("keyless") && first.contains("SYNC_TABLE_KEYLESS_PRIMARY_KEY"), "{first}");
    let before = dump(&sandbox);
    for flags in [&flags[..], &[]] {
        assert!(setup(&sandbox, flags).contains("nothing to do"), "{flags:?}");
        assert_eq!(dump(&sandbox), before);
    }
}

#[test]
fn undo_leaves_the_schema_as_it_was_to_the_last_byte() {
    let sandbox = prepared(ZOO);
    let role = format!("undone_{}", sandbox.database);
    let before = dump(&sandbox);
    for audit in ["keys", "full", "off"] {
        setup(&sandbox, &["--audit", audit, "--updated-at", "--notify", "--role", &role]);
        assert_ne!(dump(&sandbox), before);
        setup(&sandbox, &["--undo"]);
        assert_eq!(dump(&sandbox), before, "after --audit {audit}");
        assert_eq!(sandbox.value(&format!("SELECT count(*) FROM pg_roles WHERE rolname = '{role}'")), "0");
    }
    assert!(setup(&sandbox, &["--undo"]).contains("nothing to do"));
}

#[test]
fn what_is_printed_is_what_is_run() {
    let role = "printed_and_run";
    let (printed, run) = (prepared(ZOO), prepared(ZOO));
    let flags = ["--updated-at", "--notify", "--role", role];
    let before = dump(&printed);
    let sql = setup(&printed, &[&flags[..], &["--print"]].concat());
    assert_eq!(dump(&printed), before, "printing changes nothing");
    std::fs::write(printed.path("setup.sql"), &sql).unwrap();
    let psql = |file: &str| {
        let arguments = ["-Xq", "-v", "ON_ERROR_STOP=1", "-d", &admin_url(&printed), "-f", file];
        let done = Command::new("psql").args(arguments).current_dir(printed.path("")).output().expect("psql runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    psql("setup.sql");
    setup(&run, &flags);
    assert_eq!(dump(&printed), dump(&run));
    assert!(setup(&printed, &flags).contains("nothing to do"));
    setup(&run, &["--undo"]);
    std::fs::write(printed.path("undo.sql"), setup(&printed, &["--undo", "--print"])).unwrap();
    psql("undo.sql");
    assert_eq!(dump(&printed), before);
}

#[test]
fn a_table_that_is_in_use_is_tried_again() {
    let sandbox = prepared("CREATE TABLE t (id int PRIMARY KEY, v text)");
    let mut writer = sandbox.session();
    writer.execute("BEGIN; INSERT INTO t VALUES (1)");
    let running = sandbox.start(&["setup"]);
    let waits = |yes: &str| {
        let count =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pg2duck'";
        sandbox.value(&format!("{count} AND wait_event_type = 'Lock'")) == yes && sandbox.value(count) != "0"
    };
    wait_until("setup waits for the lock", || waits("1"));
    wait_until("it stopped waiting, so that others need not queue behind it", || waits("0"));
    writer.execute("COMMIT");
    let finished = running.finish();
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    assert!(setup(&sandbox, &[]).contains("nothing to do"));
}

#[test]
fn updated_at_is_added_moves_and_is_indexed_without_a_rewrite() {
    let sandbox = prepared(ZOO);
    sandbox
        .sql("INSERT INTO parent SELECT g FROM generate_series(1, 5) g; INSERT INTO events VALUES (1, '2020-05-01')");
    let file = sandbox.value("SELECT pg_relation_filenode('parent')");
    assert!(setup(&sandbox, &[]).contains("--updated-at adds it"));
    setup(&sandbox, &["--updated-at"]);
    assert_eq!(sandbox.value("SELECT pg_relation_filenode('parent')"), file, "the table was not rewritten");
    for table in ["plain", "parent", "child", "events"] {
        sandbox.sql(&format!(
            "INSERT INTO {table} (id{}) VALUES (77{})",
            if table == "events" { ", at" } else { "" },
            if table == "events" { ", '2021-05-01'" } else { "" }
        ));
        let moved = format!("UPDATE {table} SET v = 'w', updated_at = '2000-01-01' WHERE id = 77; SELECT 1");
        sandbox.sql(&moved);
        assert_eq!(
            sandbox.value(&format!("SELECT count(*) FROM ONLY {table} WHERE updated_at < '2001-01-01'")),
            "0",
            "{table}"
        );
        let index = format!(
            "SELECT count(*) FROM pg_index WHERE indrelid = '{table}'::regclass AND indisvalid AND pg_get_indexdef(indexrelid) LIKE '%(updated_at)'"
        );
        assert_eq!(sandbox.value(&index), "1", "{table}");
    }
    // What a failed CREATE INDEX CONCURRENTLY leaves behind.
    sandbox.sql("UPDATE pg_index SET indisvalid = false WHERE indrelid = 'plain'::regclass AND NOT indisprimary");
    assert!(setup(&sandbox, &["--updated-at"]).contains("public.plain: index on updated_at"));
    assert_eq!(sandbox.value("SELECT count(*) FROM pg_index WHERE indrelid = 'plain'::regclass AND indisvalid"), "2");
}

#[test]
fn a_role_gets_what_it_lacks_and_undo_takes_back_only_that() {
    let sandbox = prepared(ZOO);
    let role = format!("reader_{}", sandbox.database);
    sandbox.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'reader'; GRANT SELECT ON plain TO {role}; GRANT USAGE ON SCHEMA public TO {role}"));
    let may = |privilege: &str, table: &str| {
        sandbox.value(&format!("SELECT has_table_privilege('{role}', '{table}', '{privilege}')"))
    };
    setup(&sandbox, &["--role", &role]);
    assert_eq!(
        [
            may("SELECT", "other.plain"),
            may("DELETE", "pg2duck.audit"),
            may("INSERT", "pg2duck.audit"),
            may("DELETE", "plain")
        ],
        ["t", "t", "f", "f"]
    );
    assert_eq!(sandbox.value(&format!("SELECT pg_has_role('{role}', 'pg_read_all_stats', 'USAGE')")), "t");
    setup(&sandbox, &["--undo"]);
    assert_eq!([may("SELECT", "plain"), may("SELECT", "other.plain"), may("SELECT", "parent")], ["t", "f", "f"]);
    assert_eq!(sandbox.value(&format!("SELECT pg_has_role('{role}', 'pg_read_all_stats', 'USAGE')")), "f");
    let created = format!("created_{}", sandbox.database);
    let said = setup(&sandbox, &["--role", &created]);
    assert!(said.contains("without a password") && said.contains("\\password"), "{said}");
    setup(&sandbox, &["--undo"]);
    sandbox.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn a_changed_key_is_followed_and_wake_triggers_come_and_go() {
    let sandbox =
        prepared("CREATE TABLE t (id int PRIMARY KEY, other int NOT NULL, v text); INSERT INTO t VALUES (1, 2)");
    setup(&sandbox, &["--notify"]);
    sandbox.sql("ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (other)");
    setup(&sandbox, &[]);
    assert_eq!(
        sandbox.value("SELECT count(*) FROM pg_proc WHERE pronamespace = 'pg2duck'::regnamespace"),
        "2",
        "the old one is gone"
    );
    sandbox.sql("DELETE FROM t");
    assert_eq!(recorded(&sandbox), [r#"d t {"other": [2]}"#]);
    let triggers = || {
        sandbox.value("SELECT string_agg(tgname, ' ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = 't'::regclass AND NOT tgisinternal")
    };
    assert_eq!(triggers(), "pg2duck_delete pg2duck_truncate pg2duck_wake zz_pg2duck_key");
    setup(&sandbox, &["--no-notify"]);
    assert_eq!(triggers(), "pg2duck_delete pg2duck_truncate zz_pg2duck_key");
    sandbox.sql("ALTER TABLE t DISABLE TRIGGER pg2duck_delete");
    assert!(setup(&sandbox, &[]).contains("public.t: triggers"), "a disabled trigger is enabled again");
    setup(&sandbox, &["--tables", "t", "--undo"]);
    assert_eq!(triggers(), "");
    assert_eq!(sandbox.value("SELECT to_regclass('pg2duck.audit')"), "pg2duck.audit");
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let sandbox =
        prepared("CREATE SCHEMA pg2duck; CREATE TABLE pg2duck.theirs (id int); CREATE TABLE t (id int PRIMARY KEY)");
    let before = dump(&sandbox);
    let finished = sandbox.call(&["setup"]);
    assert_eq!(finished.code, Some(2), "{}", finished.stdout);
    assert!(finished.stderr.contains("which pg2duck did not make"), "{}", finished.stderr);
    setup(&sandbox, &["--undo"]);
    assert_eq!(dump(&sandbox), before);
}

#[test]
fn an_owner_who_is_no_superuser_can_run_it() {
    let mut sandbox = prepared(ZOO);
    let role = format!("migrations_{}", sandbox.database);
    sandbox.sql(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'migrations'; GRANT CREATE ON DATABASE {} TO {role}; GRANT CREATE ON SCHEMA public TO {role};
         ALTER TABLE plain OWNER TO {role}; ALTER TABLE events OWNER TO {role}; ALTER TABLE events_1 OWNER TO {role};
         ALTER TABLE events_2 OWNER TO {role}; ALTER TABLE events_2a OWNER TO {role}",
        sandbox.database
    ));
    let before = dump(&sandbox);
    let url = admin_url(&sandbox).replace("postgres:postgres@", &format!("{role}:migrations@"));
    sandbox.set("SETUP_DATABASE_URL", url);
    sandbox.set("SYNC_TABLES", "public.plain,public.events");
    let said = setup(&sandbox, &["--updated-at"]);
    assert!(said.contains("done"), "{said}");
    assert!(setup(&sandbox, &["--updated-at"]).contains("nothing to do"));
    sandbox.sql("INSERT INTO plain VALUES (1); DELETE FROM plain");
    assert_eq!(recorded(&sandbox), [r#"d plain {"id": [1]}"#]);
    sandbox.set("SYNC_TABLES", "public.*");
    assert!(setup(&sandbox, &[]).contains("only its owner, postgres, may change it"));
    setup(&sandbox, &["--undo"]);
    assert_eq!(dump(&sandbox), before);
    sandbox.sql(&format!("REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn a_role_that_may_not_change_the_source_is_told_what_to_do() {
    let mut sandbox = prepared("CREATE TABLE t (id int PRIMARY KEY)");
    sandbox.unset("SETUP_DATABASE_URL");
    let finished = sandbox.call(&["setup"]);
    assert_eq!(finished.code, Some(1), "{}{}", finished.stdout, finished.stderr);
    assert!(
        finished.stdout.contains("SETUP_DATABASE_URL") && finished.stdout.contains("only its owner"),
        "{}",
        finished.stdout
    );
}

#[test]
fn the_demos_audit_script_is_what_setup_prints() {
    let sandbox = prepared(concat!(
        include_str!("../../postgres/init/01_schema.sql"),
        include_str!("../../postgres/init/02_seed.sql")
    ))
    .with("SYNC_TABLES", "public.subscriptions,public.invoices");
    let printed = setup(&sandbox, &["--print"]).replace("syncer", "pg2duck");
    let script = include_str!("../../postgres/init/04_audit.sql");
    assert!(script.ends_with(&printed), "postgres/init/04_audit.sql is stale; it should end with:\n{printed}");
}
