//! What the triggers record, whatever was done to the rows, and that the application does not notice.

use super::{ZOO, prepared, recorded, setup};

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
