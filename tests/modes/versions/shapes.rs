//! What was recorded is read by the shape that its table had then, whatever became of the table, of the installation or of the
//! transaction that wrote it. What needs no second session is told by `cases/versions-*.sql`.

use super::{CUSTOMERS, recorded};
use crate::support::Sandbox;
use duckdb::{AccessMode, Config, Connection};

/// All versions of a table, as `1 r a; 1 u b`.
fn versions(sandbox: &Sandbox, columns: &str) -> String {
    sandbox.lake_value(&format!(
        "SELECT string_agg(concat_ws(' ', id, _op, {columns}), '; ' ORDER BY id, _valid_from, _op = 'd') FROM t"
    ))
}

/// Makes the installation what the version before shapes left.
fn downgrade(sandbox: &Sandbox) {
    let function = sandbox.value("SELECT proname FROM pg_proc WHERE proname LIKE 'record%'");
    sandbox.sql(&format!(
        "CREATE OR REPLACE FUNCTION pg2duck.{function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
             SET search_path = pg_catalog, pg_temp AS $$
         BEGIN
             IF TG_OP = 'TRUNCATE' THEN
                 INSERT INTO pg2duck.audit (relid, op) VALUES (TG_RELID, 't');
             ELSIF TG_OP = 'INSERT' THEN
                 INSERT INTO pg2duck.audit (relid, op, keys, new)
                 SELECT TG_RELID, 'c', jsonb_build_object('id', jsonb_build_array(new_rows.id)), row_to_json(new_rows) FROM new_rows;
             ELSIF TG_OP = 'DELETE' THEN
                 INSERT INTO pg2duck.audit (relid, op, keys, old)
                 SELECT TG_RELID, 'd', jsonb_build_object('id', jsonb_build_array(old_rows.id)), row_to_json(old_rows) FROM old_rows;
             ELSE
                 INSERT INTO pg2duck.audit (relid, op, keys, old, new)
                 SELECT TG_RELID, 'u', jsonb_build_object('id', jsonb_build_array(id)), row_to_json(old_rows), row_to_json(new_rows)
                 FROM old_rows JOIN new_rows USING (id);
             END IF;
             RETURN NEW;
         END $$;
         ALTER TABLE pg2duck.audit DROP COLUMN shape; DROP TABLE pg2duck.shapes"
    ));
}

#[test]
fn an_installation_of_the_version_before_goes_on_and_setup_upgrades_it() {
    let sandbox = recorded("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')", "history");
    downgrade(&sandbox);
    sandbox.once();
    sandbox.sql("UPDATE t SET v = 'b'");
    sandbox.sql("UPDATE t SET v = 'c'");
    sandbox.once();
    assert_eq!(versions(&sandbox, "v"), "1 r a; 1 u b; 1 u c");
    sandbox.sql("UPDATE t SET v = 'd'; ALTER TABLE t ADD COLUMN n int");
    sandbox.sql("UPDATE t SET v = 'e', n = 5");
    sandbox.once();
    assert_eq!(versions(&sandbox, "v, n"), "1 r a; 1 u b; 1 u c; 1 u d; 1 u e 5");
    // Which name a recorded value belongs to cannot be told: it is not guessed.
    sandbox.sql("UPDATE t SET v = 'f'; ALTER TABLE t RENAME v TO w");
    sandbox.once();
    assert_eq!(versions(&sandbox, "w, n"), "1 r a; 1 u b; 1 u c; 1 u d; 1 u e 5; 1 r f 5");
    // A fresh copy of a table that kept its shape takes in what was recorded.
    sandbox.sql("UPDATE t SET w = 'g'; UPDATE t SET w = 'h'");
    assert_eq!(sandbox.call(&["resync", "public.t"]).code, Some(0));
    assert_eq!(versions(&sandbox, "w"), "1 r a; 1 u b; 1 u c; 1 u d; 1 u e; 1 r f; 1 u g; 1 u h");
    sandbox.sql("UPDATE t SET w = 'i'");
    let setup = sandbox.call(&["setup"]);
    assert_eq!(setup.code, Some(0), "{}{}", setup.stdout, setup.stderr);
    sandbox.sql("UPDATE t SET w = 'j'");
    sandbox.once();
    sandbox.sql("UPDATE t SET w = 'k'; ALTER TABLE t RENAME w TO x");
    sandbox.once();
    assert_eq!(
        versions(&sandbox, "x"),
        "1 r a; 1 u b; 1 u c; 1 u d; 1 u e; 1 r f; 1 u g; 1 u h; 1 u i; 1 u j; 1 u k",
        "new triggers lose nothing"
    );
    assert!(sandbox.call(&["setup"]).stdout.contains("nothing to do"));
}

#[test]
fn whoever_could_read_what_was_recorded_can_read_its_shapes_after_an_upgrade() {
    let sandbox = recorded("CREATE TABLE t (id int PRIMARY KEY, v text)", "history");
    let role = format!("reads_{}", sandbox.database);
    sandbox.sql(&format!(
        "CREATE ROLE {role}; GRANT USAGE ON SCHEMA pg2duck TO {role}; GRANT SELECT ON pg2duck.audit TO {role}"
    ));
    downgrade(&sandbox);
    assert_eq!(sandbox.call(&["setup"]).code, Some(0));
    let may =
        |table: &str| sandbox.value(&format!("SELECT has_table_privilege('{role}', 'pg2duck.{table}', 'SELECT')"));
    assert_eq!([may("audit"), may("shapes")], ["t", "t"]);
    assert_eq!(sandbox.call(&["setup", "--undo"]).code, Some(0));
    sandbox.sql(&format!("DROP ROLE {role}"));
}

#[test]
fn a_role_that_may_not_read_shapes_reads_on_and_copies_what_it_cannot_tell() {
    let mut sandbox = recorded("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')", "history");
    let role = format!("limited_{}", sandbox.database);
    sandbox.sql(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'limited'; GRANT SELECT ON t, pg2duck.audit TO {role};
         GRANT USAGE ON SCHEMA pg2duck, public TO {role}"
    ));
    sandbox.set(
        "DATABASE_URL",
        format!("postgres://{role}:limited@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database),
    );
    sandbox.set("SYNC_TABLES", "t");
    sandbox.once();
    sandbox.sql("UPDATE t SET v = 'b'; ALTER TABLE t ADD COLUMN n int");
    let finished = sandbox.once();
    assert!(finished.stderr.contains("may not read pg2duck.shapes"), "{}", finished.stderr);
    sandbox.sql("UPDATE t SET v = 'c'");
    sandbox.once();
    assert_eq!(versions(&sandbox, "v"), "1 r a; 1 r b; 1 u c");
    sandbox
        .sql(&format!("GRANT SELECT ON pg2duck.shapes TO {role}; UPDATE t SET v = 'd'; ALTER TABLE t RENAME v TO w"));
    sandbox.sql("UPDATE t SET w = 'e'");
    sandbox.once();
    assert_eq!(versions(&sandbox, "w"), "1 r a; 1 r b; 1 u c; 1 u d; 1 u e");
    sandbox.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

/// Guards against the shape that such a transaction's snapshot shows.
#[test]
fn a_transaction_that_began_before_its_table_was_renamed_is_read_by_the_names_that_it_wrote() {
    let sandbox = recorded(
        "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE other (id int PRIMARY KEY);
         INSERT INTO t VALUES (1, 'a')",
        "history",
    );
    sandbox.once();
    sandbox.sql("UPDATE t SET v = 'b'");
    let mut early = sandbox.session();
    early.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; INSERT INTO other VALUES (1)");
    sandbox.sql("ALTER TABLE t RENAME v TO w");
    early.execute("UPDATE t SET w = 'c'; INSERT INTO t VALUES (2, 'new'); COMMIT");
    sandbox.sql("UPDATE t SET w = 'd' WHERE id = 1");
    sandbox.once();
    assert_eq!(versions(&sandbox, "w"), "1 r a; 1 u b; 1 u c; 1 u d; 2 c new");
}

#[test]
fn transactions_that_meet_a_new_shape_together_do_not_wait_for_each_other() {
    let sandbox =
        recorded("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b')", "history");
    sandbox.once();
    sandbox.sql("ALTER TABLE t ADD COLUMN n int");
    let mut sessions = [sandbox.session(), sandbox.session()];
    for (at, session) in (1..).zip(&mut sessions) {
        session.execute(&format!("SET lock_timeout = '1s'; BEGIN; UPDATE t SET n = {at} WHERE id = {at}"));
    }
    sessions.iter_mut().for_each(|session| session.execute("UPDATE t SET n = n + 10 WHERE id = n; COMMIT"));
    assert_eq!(sandbox.value("SELECT count(*) || ' ' || count(DISTINCT shape) FROM pg2duck.shapes"), "2 1");
    sandbox.sql("UPDATE t SET v = 'c' WHERE id = 1; ALTER TABLE t RENAME n TO m");
    sandbox.once();
    assert_eq!(versions(&sandbox, "v, m"), "1 r a; 1 u a 1; 1 u a 11; 1 u c 11; 2 r b; 2 u b 2; 2 u b 12");
}

#[test]
fn no_name_that_triggers_and_reads_use_can_be_a_column_s() {
    let names = [
        "new_rows",
        "old_rows",
        "shape",
        "keyed",
        "recording",
        "primary_key",
        "image",
        "place",
        "event",
        "op",
        "before",
        "after",
        "key",
        "version",
        "present",
        "a",
        "seq",
        "at",
        "xid",
        "old",
        "new",
        "relid",
        "columns",
        "part",
        "changed",
        "known",
    ];
    let columns: Vec<String> = names.iter().map(|name| format!("\"{name}\" text DEFAULT '{name}'")).collect();
    let sandbox = recorded(
        &format!("CREATE TABLE t (id int PRIMARY KEY, {}); INSERT INTO t VALUES (1)", columns.join(", ")),
        "history",
    );
    sandbox.once();
    sandbox.sql("UPDATE t SET shape = 'b'; INSERT INTO t VALUES (2); DELETE FROM t WHERE id = 2");
    sandbox.sql("ALTER TABLE t RENAME shape TO form; UPDATE t SET form = 'c'; ALTER TABLE t RENAME id TO number");
    sandbox.sql("UPDATE t SET form = 'd', image = 'd'; UPDATE t SET number = 3; INSERT INTO t VALUES (4); DELETE FROM t WHERE number = 4");
    sandbox.once();
    sandbox.compare("public", "t").lake_name("main", "t_current").undeclared().check();
    let told =
        "SELECT string_agg(concat_ws(' ', number, _op, form), '; ' ORDER BY number, _valid_from, _op = 'd') FROM t";
    assert_eq!(
        sandbox.lake_value(told),
        "1 r shape; 1 u b; 1 u c; 1 u d; 1 d d; 2 c shape; 2 d shape; 3 c d; 4 c shape; 4 d shape"
    );
    let mut wrong = vec![];
    for name in names.iter().filter(|name| **name != "shape") {
        let values = sandbox.lake_column(&format!("SELECT DISTINCT \"{name}\" FROM t WHERE \"{name}\" <> 'd'"));
        if values != [*name] {
            wrong.push((name, values));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn types_that_are_gone_or_have_other_labels_are_read_as_they_were_printed() {
    let sandbox = recorded(
        "CREATE TYPE mood AS ENUM ('fine', 'so so'); CREATE TYPE spot AS (x int, y text);
         CREATE DOMAIN small AS int CHECK (VALUE < 10);
         CREATE TABLE t (id int PRIMARY KEY, m mood, s spot, d small); INSERT INTO t VALUES (1, 'fine', (1, 'a'), 1)",
        "history",
    );
    sandbox.once();
    sandbox.sql("UPDATE t SET m = 'so so', s = (2, 'b'), d = 2");
    sandbox.sql("ALTER TYPE mood RENAME VALUE 'so so' TO 'well'; UPDATE t SET d = 3");
    sandbox.sql("ALTER TABLE t DROP COLUMN s, ALTER d TYPE bigint, ADD COLUMN n int DEFAULT 7; DROP TYPE spot; DROP DOMAIN small");
    sandbox.sql("UPDATE t SET d = 4");
    sandbox.once();
    assert_eq!(
        versions(&sandbox, "m, coalesce(s__3::VARCHAR, s), d, n"),
        r#"1 r fine {'x': 1, 'y': a} 1; 1 u so so {"x":2,"y":"b"} 2; 1 u well {"x":2,"y":"b"} 3; 1 u well 4 7"#
    );
}

#[test]
fn what_cannot_be_read_is_left_out_of_a_fresh_copy_and_said() {
    let sandbox = recorded("CREATE TABLE t (id int PRIMARY KEY, doc json); INSERT INTO t VALUES (1, '{}')", "history");
    sandbox.once();
    sandbox.sql(r#"UPDATE t SET doc = '"\ud800"'; UPDATE t SET doc = '{"b": 1}'"#);
    sandbox.sql("CLUSTER t USING t_pkey");
    let finished = sandbox.once();
    assert!(finished.stderr.contains("those versions are not in the lake"), "{}", finished.stderr);
    assert_eq!(versions(&sandbox, "doc::VARCHAR"), r#"1 r {}; 1 r {"b": 1}"#);
}

#[test]
fn what_cannot_be_read_under_an_earlier_shape_costs_a_copy_and_stops_nothing() {
    let sandbox = recorded("CREATE TABLE t (id int PRIMARY KEY, doc json); INSERT INTO t VALUES (1, '{}')", "history");
    sandbox.once();
    sandbox.sql(r#"UPDATE t SET doc = '"\ud800"'; UPDATE t SET doc = '{"b": 1}'; ALTER TABLE t RENAME doc TO paper"#);
    let finished = sandbox.once();
    assert!(finished.stderr.contains("recorded before its columns changed cannot be read"), "{}", finished.stderr);
    assert_eq!(versions(&sandbox, "paper::VARCHAR"), r#"1 r {}; 1 r {"b": 1}"#);
    sandbox.sql(r#"UPDATE t SET paper = '{"c": 1}'"#);
    sandbox.once();
    assert_eq!(versions(&sandbox, "paper::VARCHAR"), r#"1 r {}; 1 r {"b": 1}; 1 u {"c": 1}"#);
}

#[test]
fn a_fresh_copy_that_waits_for_the_lake_and_is_given_up_loses_no_version() {
    let sandbox = recorded(&CUSTOMERS.replace("customers", "t"), "history");
    sandbox.once();
    sandbox.sql("UPDATE t SET first_name = 'b' WHERE id = 1; CLUSTER t USING t_pkey");
    let config = Config::default().access_mode(AccessMode::ReadOnly).unwrap();
    let holder = Connection::open_with_flags(sandbox.lake_path(), config).unwrap();
    sandbox.once_fails(1, &["warehouse.duckdb"]);
    sandbox.sql("UPDATE t SET first_name = 'c' WHERE id = 1; CLUSTER t USING t_pkey");
    sandbox.once_fails(1, &["warehouse.duckdb"]);
    sandbox.sql("UPDATE t SET first_name = 'd' WHERE id = 1");
    sandbox.once_fails(1, &["warehouse.duckdb"]);
    drop(holder);
    sandbox.once();
    let told = "SELECT string_agg(concat(_op, ' ', first_name), '; ' ORDER BY _valid_from) FROM t WHERE id = 1";
    assert_eq!(sandbox.lake_value(told), "r name 1; u b; u c; u d");
    sandbox.assert_history_is_consistent("t", "id");
}
