//! `pg2duck setup`: what it installs, that it can be repeated, printed and undone.

use crate::support::{Sandbox, wait_until};
use std::process::Command;

/// Partitions of partitions, inheritance, quoted names, a composite key, a table without a key.
const ZOO: &str = r#"
    CREATE TABLE plain (id bigint PRIMARY KEY, v text, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE "Odd ""Näme" ("Key A" int, "b's" text, v text, PRIMARY KEY ("Key A", "b's"));
    CREATE TABLE events (id bigint, at timestamptz, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY RANGE (at);
    CREATE TABLE events_2a PARTITION OF events_2 FOR VALUES FROM ('2021-01-01') TO ('2021-07-01');
    CREATE TABLE parent (id int PRIMARY KEY, v text);
    CREATE TABLE child (extra int, PRIMARY KEY (id)) INHERITS (parent);
    CREATE SCHEMA other;
    CREATE TABLE other.plain (id uuid PRIMARY KEY, updated_at timestamptz);
    CREATE TABLE keyless (v text);
    CREATE VIEW looks AS SELECT * FROM plain;"#;

fn prepared(sql: &str) -> Sandbox {
    let sandbox = Sandbox::new(sql);
    let url = admin_url(&sandbox);
    sandbox.with("SETUP_DATABASE_URL", url)
}

fn admin_url(sandbox: &Sandbox) -> String {
    format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database)
}

/// Runs `setup` to its success and answers what it said.
fn setup(sandbox: &Sandbox, flags: &[&str]) -> String {
    let finished = sandbox.call(&[&["setup"], flags].concat());
    assert_eq!(finished.code, Some(0), "setup {flags:?} said:\n{}{}", finished.stdout, finished.stderr);
    finished.stdout
}

/// What stands in the audit table, in order: `d plain {"id": [1]}`.
fn recorded(sandbox: &Sandbox) -> Vec<String> {
    let mut session = sandbox.session();
    let rows = session.rows("SELECT concat_ws(' ', op, relid::regclass, keys) FROM pg2duck.audit ORDER BY seq");
    session.execute("TRUNCATE pg2duck.audit");
    rows.into_iter().flatten().flatten().collect()
}

/// The schema as `pg_dump -s` prints it, without the random words of newer versions.
fn dump(sandbox: &Sandbox) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres.sh");
    let done = Command::new("sh")
        .args(["-c", &format!("exec \"$({script} bin)/pg_dump\" -s -d {}", admin_url(sandbox))])
        .output()
        .expect("sh runs");
    assert!(done.status.success(), "pg_dump: {}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8_lossy(&done.stdout);
    text.lines().filter(|line| !line.contains("restrict ")).map(|line| format!("{line}\n")).collect()
}

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
fn a_bulk_delete_is_recorded_in_few_rows_that_hold_every_key() {
    let sandbox = prepared(
        "CREATE TABLE t (id bigint PRIMARY KEY, v text); INSERT INTO t SELECT g, 'v' FROM generate_series(1, 2500) g",
    );
    setup(&sandbox, &[]);
    sandbox.sql("DELETE FROM t WHERE id > 100; DELETE FROM t WHERE false");
    assert_eq!(
        sandbox.value("SELECT string_agg(jsonb_array_length(keys->'id')::text, ',' ORDER BY seq) FROM pg2duck.audit"),
        "1000,1000,400"
    );
    let all = "SELECT count(DISTINCT k::bigint) || ' ' || min(k::bigint) FROM pg2duck.audit, jsonb_array_elements_text(keys->'id') k";
    assert_eq!(sandbox.value(all), "2400 101");
}

#[test]
fn key_changes_truncates_upserts_and_cascades_are_recorded() {
    let sandbox = prepared(
        "CREATE TABLE p (id int PRIMARY KEY, v text); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE);
         INSERT INTO p SELECT g FROM generate_series(1, 3) g; INSERT INTO c SELECT 10 * g, g FROM generate_series(1, 3) g",
    );
    setup(&sandbox, &[]);
    sandbox.sql(
        "UPDATE p SET v = 'x'; INSERT INTO p VALUES (1) ON CONFLICT (id) DO UPDATE SET v = 'y'; UPDATE c SET id = id",
    );
    assert!(recorded(&sandbox).is_empty(), "no key was lost");
    sandbox.sql("DELETE FROM p WHERE id IN (1, 2)");
    let mut rows = recorded(&sandbox);
    rows.sort();
    assert_eq!(rows.join("; ").matches("d p ").count(), 1, "{rows:?}");
    assert!(
        rows.join(" ").contains("10") && rows.join(" ").contains("20") && !rows.join(" ").contains("30"),
        "{rows:?}"
    );
    sandbox.sql("UPDATE c SET id = 31 WHERE id = 30; INSERT INTO c VALUES (31) ON CONFLICT (id) DO UPDATE SET id = 32; TRUNCATE p, c");
    assert_eq!(recorded(&sandbox), [r#"d c {"id": [30]}"#, r#"d c {"id": [31]}"#, "t p", "t c"]);
    // What is replayed with triggers of the ordinary kind off is recorded, too.
    sandbox.sql("INSERT INTO p VALUES (7); SET session_replication_role = replica; DELETE FROM p; SET session_replication_role = origin");
    assert_eq!(recorded(&sandbox), [r#"d p {"id": [7]}"#]);
}

#[test]
fn rows_of_partitions_are_recorded_however_they_go() {
    let sandbox = prepared(ZOO);
    setup(&sandbox, &[]);
    sandbox.sql(
        "INSERT INTO events SELECT g, '2020-05-01' FROM generate_series(1, 4) g; INSERT INTO events SELECT g, '2021-05-01' FROM generate_series(5, 6) g;
         UPDATE events SET v = 'x'",
    );
    assert!(recorded(&sandbox).is_empty());
    let at = |id: u32, year: u32| format!(r#"{{"at": ["{year}-05-01T00:00:00+00:00"], "id": [{id}]}}"#);
    sandbox.sql("SET TimeZone = 'UTC'; DELETE FROM events WHERE id = 1; DELETE FROM events_1 WHERE id = 2; DELETE FROM events_2a WHERE id = 5");
    let expected = [
        format!("d events {}", at(1, 2020)),
        format!("d events_1 {}", at(2, 2020)),
        format!("d events_2a {}", at(5, 2021)),
    ];
    assert_eq!(recorded(&sandbox), expected);
    sandbox.sql("UPDATE events SET at = '2021-05-01' WHERE id = 3; UPDATE events_1 SET id = 40 WHERE id = 4");
    assert_eq!(recorded(&sandbox), [format!("d events_1 {}", at(3, 2020)), format!("d events_1 {}", at(4, 2020))]);
    // A partition made later has the parent's row trigger at once, and its own statement triggers after the next setup.
    sandbox.sql("CREATE TABLE events_3 PARTITION OF events FOR VALUES FROM ('2022-01-01') TO ('2023-01-01'); UPDATE events SET at = '2022-05-01' WHERE id = 6");
    assert_eq!(recorded(&sandbox), [format!("d events_2a {}", at(6, 2021))]);
    assert!(setup(&sandbox, &[]).contains("public.events_3: triggers"));
    sandbox.sql("DELETE FROM events_3");
    assert_eq!(recorded(&sandbox), [format!("d events_3 {}", at(6, 2022))]);
}

#[test]
fn children_are_recorded_under_the_key_of_their_parent() {
    let sandbox = prepared(ZOO).with("SYNC_TABLES", "public.parent");
    setup(&sandbox, &[]);
    sandbox.sql("INSERT INTO child VALUES (1), (2), (3), (4); DELETE FROM parent WHERE id = 1; DELETE FROM child WHERE id = 2; UPDATE parent SET id = 33 WHERE id = 3");
    assert_eq!(recorded(&sandbox), [r#"d parent {"id": [1]}"#, r#"d child {"id": [2]}"#, r#"d child {"id": [3]}"#]);
}

#[test]
fn full_mode_records_every_change_with_its_rows() {
    let sandbox = prepared("CREATE TABLE t (id int PRIMARY KEY, v text)");
    setup(&sandbox, &["--audit", "full"]);
    sandbox.sql(
        "INSERT INTO t VALUES (1, 'a'); UPDATE t SET v = 'b'; UPDATE t SET id = 2;
         INSERT INTO t VALUES (2, 'c') ON CONFLICT (id) DO UPDATE SET v = 'd'; DELETE FROM t; TRUNCATE t",
    );
    let rows = "SELECT string_agg(concat_ws(' ', op, keys->'id'->>0, old, new), E'\\n' ORDER BY seq) FROM pg2duck.audit WHERE op <> 'c' OR keys->'id'->>0 = '1'";
    assert_eq!(
        sandbox.value(rows),
        [
            r#"c 1 {"id":1,"v":"a"}"#,
            r#"u 1 {"id":1,"v":"a"} {"id":1,"v":"b"}"#,
            r#"d 1 {"id":1,"v":"b"}"#,
            r#"u 2 {"id":2,"v":"b"} {"id":2,"v":"d"}"#,
            r#"d 2 {"id":2,"v":"d"}"#,
            "t",
        ]
        .join("\n")
    );
    assert_eq!(
        sandbox.value("SELECT new FROM pg2duck.audit WHERE op = 'c' AND keys->'id'->>0 = '2'"),
        r#"{"id":2,"v":"b"}"#
    );
    // Repeated without flags it stays full, and changes to keys when told.
    assert!(setup(&sandbox, &[]).contains("nothing to do"));
    setup(&sandbox, &["--audit", "keys"]);
    sandbox.sql("TRUNCATE pg2duck.audit; INSERT INTO t VALUES (1); UPDATE t SET id = 3");
    assert_eq!(recorded(&sandbox), [r#"d t {"id": [1]}"#]);
}

#[test]
fn full_mode_follows_rows_from_partition_to_partition() {
    let sandbox = prepared(ZOO);
    setup(&sandbox, &["--audit", "full"]);
    sandbox.sql("SET TimeZone = 'UTC'; INSERT INTO events VALUES (1, '2020-05-01'); UPDATE events SET at = '2021-05-01'; DELETE FROM events_2a");
    let rows: Vec<String> = recorded(&sandbox).iter().map(|row| row.split(" {").next().unwrap().to_owned()).collect();
    assert_eq!((rows[0].as_str(), rows[3].as_str(), rows.len()), ("c events", "d events_2a", 4), "{rows:?}");
    assert!(rows.contains(&"d events".into()) && rows[1..3].contains(&"c events".into()), "{rows:?}");
}

#[test]
fn every_type_of_key_can_be_read_back_exactly() {
    let sandbox = prepared("CREATE TYPE mood AS ENUM ('so so', 'it''s \"fine\"')");
    let keys = [
        ("b", "bytea", r"'\x00ff10'"),
        ("t", "text", "E'a \"quote\", \\\\ and\\nnewline'"),
        ("c", "char(5)", "'ab'"),
        ("n", "numeric", "'12345678901234567890.100'"),
        ("nan", "numeric", "'NaN'"),
        ("ts", "timestamptz", "'infinity'"),
        ("bc", "timestamptz", "'0044-03-15 12:00:00.000001+00 BC'"),
        ("d", "date", "'-infinity'"),
        ("i", "interval", "'1 year 2 days 00:00:03.5'"),
        ("f", "float8", "0.1::float8 + 0.2::float8"),
        ("r", "tstzrange", "'[2020-01-01 00:00+00,)'"),
        ("a", "int[]", "'{1,2}'"),
        ("m", "mood", "'it''s \"fine\"'"),
        ("u", "uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
        ("y", "bool", "true"),
        ("j", "jsonb", r#"'"text"'"#),
    ];
    for (name, kind, value) in keys {
        sandbox.sql(&format!("CREATE TABLE \"{name}\" (k {kind} PRIMARY KEY); INSERT INTO \"{name}\" VALUES ({value}); CREATE TABLE \"copy {name}\" AS TABLE \"{name}\""));
    }
    let sandbox = sandbox.with("SYNC_TABLES", keys.map(|(name, ..)| format!("public.{name}")).join(","));
    setup(&sandbox, &[]);
    for (name, kind, _) in keys {
        sandbox.session().execute(&format!(
            "SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'sql_standard'; SET TimeZone = 'America/Caracas';
             SET bytea_output = 'escape'; SET extra_float_digits = -3; DELETE FROM \"{name}\""
        ));
        let back = format!(
            "SELECT count(*) FROM \"copy {name}\" c JOIN (SELECT k.v FROM pg2duck.audit, jsonb_array_elements_text(keys->'k') k(v) \
             WHERE relid = '\"{name}\"'::regclass) a ON a.v::{kind}::text = c.k::text"
        );
        assert_eq!(sandbox.value(&back), "1", "{kind}: {:?}", recorded(&sandbox));
    }
}

#[test]
fn an_application_needs_no_privilege_and_renames_do_not_break_it() {
    let sandbox = prepared(
        "CREATE TABLE t (id int PRIMARY KEY, v text, updated_at timestamptz); INSERT INTO t SELECT g FROM generate_series(1, 9) g",
    );
    let role = format!("application_{}", sandbox.database);
    sandbox.sql(&format!("CREATE ROLE {role}; GRANT ALL ON t TO {role}"));
    setup(&sandbox, &["--updated-at"]);
    let mut application = sandbox.session();
    application.execute(&format!("SET ROLE {role}; DELETE FROM t WHERE id = 1; UPDATE t SET id = 22 WHERE id = 2"));
    assert_eq!(recorded(&sandbox), [r#"d t {"id": [1]}"#, r#"d t {"id": [2]}"#]);
    sandbox.sql("ALTER TABLE t RENAME id TO number; ALTER TABLE t RENAME updated_at TO changed_at");
    application.execute("DELETE FROM t WHERE number = 3; UPDATE t SET number = 44 WHERE number = 4");
    assert_eq!(recorded(&sandbox), ["x t", "x t"], "keys unknown, and said so");
    let said = setup(&sandbox, &[]);
    assert!(said.contains("public.t: triggers"), "{said}");
    application.execute("DELETE FROM t WHERE number = 5");
    assert_eq!(recorded(&sandbox), [r#"d t {"number": [5]}"#]);
    sandbox.sql("ALTER TABLE t RENAME TO renamed");
    application.execute("DELETE FROM renamed WHERE number = 6");
    assert_eq!(recorded(&sandbox), [r#"d renamed {"number": [6]}"#]);
    assert_eq!(setup(&sandbox, &["--undo"]).matches("drop schema").count(), 1);
    sandbox.sql(&format!("DROP TABLE renamed; DROP ROLE {role}"));
}

#[test]
fn functions_run_with_the_rights_of_the_tables_owner_not_of_a_superuser() {
    let sandbox = prepared("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1)");
    let role = format!("owner_{}", sandbox.database);
    sandbox.sql(&format!("CREATE ROLE {role}; ALTER TABLE t OWNER TO {role}"));
    setup(&sandbox, &[]);
    let owner = "SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE pronamespace = 'pg2duck'::regnamespace";
    assert_eq!(sandbox.value(owner), role);
    sandbox.sql("DELETE FROM t");
    assert_eq!(recorded(&sandbox), [r#"d t {"id": [1]}"#]);
    setup(&sandbox, &["--undo"]);
    sandbox.sql(&format!("DROP TABLE t; DROP ROLE {role}"));
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
