//! Debezium's `customers`: every change is an event with its operation and the row before and after it, in order; also when the
//! table is altered before the events are read, and beside the publication of all tables that Debezium makes for itself. A column
//! that is excluded is in no event.

use super::set_up;
use crate::support::Sandbox;

const CUSTOMERS: &str = "
    CREATE TABLE customers (id int PRIMARY KEY, first_name varchar(255) NOT NULL, last_name varchar(255) NOT NULL,
        email varchar(255) NOT NULL UNIQUE);
    INSERT INTO customers VALUES (1001, 'Sally', 'Thomas', 'sally.thomas@acme.com'),
        (1002, 'George', 'Bailey', 'gbailey@foobar.com'), (1003, 'Edward', 'Walker', 'ed@walker.com'),
        (1004, 'Anne', 'Kretchmar', 'annek@noanswer.org');";

/// Each event as `op before -> after`, in the order of the changes.
fn events(sandbox: &Sandbox, id: u32) -> Vec<String> {
    sandbox.lake_column(&format!(
        "SELECT concat_ws(' ', _op,
             CASE WHEN _before IS NULL THEN '-' ELSE concat_ws(',', _before->>'id', _before->>'first_name', _before->>'email') END, '->',
             CASE _op WHEN 'd' THEN '-' ELSE concat_ws(',', id, first_name, email) END)
         FROM customers WHERE id = {id} ORDER BY _seq"
    ))
}

#[test]
fn insert_update_and_delete_are_c_u_and_d_with_before_and_after() {
    let sandbox = set_up(Sandbox::new(CUSTOMERS).with("SYNC_MODE", "append"), &["--audit", "full"]);
    sandbox.once();
    assert_eq!(
        sandbox.lake_column("SELECT _op || id FROM customers ORDER BY id"),
        ["r1001", "r1002", "r1003", "r1004"]
    );

    sandbox.sql("INSERT INTO customers VALUES (1005, 'Kenneth', 'Anderson', 'kander@acme.com')");
    sandbox.sql("UPDATE customers SET first_name = 'Anne Marie' WHERE id = 1004");
    sandbox.sql("DELETE FROM customers WHERE id = 1003");
    sandbox.once();
    assert_eq!(events(&sandbox, 1005), ["c - -> 1005,Kenneth,kander@acme.com"]);
    assert_eq!(
        events(&sandbox, 1004),
        ["r - -> 1004,Anne,annek@noanswer.org", "u 1004,Anne,annek@noanswer.org -> 1004,Anne Marie,annek@noanswer.org"]
    );
    assert_eq!(events(&sandbox, 1003), ["r - -> 1003,Edward,ed@walker.com", "d 1003,Edward,ed@walker.com -> -"]);

    // A change of the key is the end of one customer and the beginning of another.
    sandbox.sql("UPDATE customers SET id = 2002 WHERE id = 1002");
    // All of it between two polls, in one transaction and across two.
    sandbox.sql(
        "BEGIN; INSERT INTO customers VALUES (1006, 'A', 'B', 'a@b.c');
         UPDATE customers SET email = 'x@y.z' WHERE id = 1006; COMMIT",
    );
    sandbox.sql("DELETE FROM customers WHERE id = 1006");
    let mut rolled_back = sandbox.session();
    rolled_back.execute("BEGIN; DELETE FROM customers; ROLLBACK");
    sandbox.once();
    assert_eq!(events(&sandbox, 1002)[1..], ["d 1002,George,gbailey@foobar.com -> -"]);
    assert_eq!(events(&sandbox, 2002), ["c - -> 2002,George,gbailey@foobar.com"]);
    assert_eq!(
        events(&sandbox, 1006),
        ["c - -> 1006,A,a@b.c", "u 1006,A,a@b.c -> 1006,A,x@y.z", "d 1006,A,x@y.z -> -"]
    );
    let files = sandbox.parquet_files();
    sandbox.once();
    assert_eq!(sandbox.parquet_files(), files, "each event travels once");
}

#[test]
fn a_schema_change_with_events_pending_leaves_each_as_it_was_written() {
    let sandbox = Sandbox::new(CUSTOMERS).with("SYNC_MODE", "append");
    sandbox.sql("CREATE PUBLICATION dbz_publication FOR ALL TABLES");
    let sandbox = set_up(sandbox, &["--audit", "full"]);
    let first = sandbox.once();
    assert!(!first.stderr.contains("replica identity"), "{}", first.stderr);
    for statement in [
        "UPDATE customers SET first_name = 'Anne Marie', email = 'anne@noanswer.org' WHERE id = 1004",
        "INSERT INTO customers VALUES (1005, 'Kenneth', 'Anderson', 'kander@acme.com')",
        "ALTER TABLE customers RENAME COLUMN email TO mail",
        "UPDATE customers SET mail = 'annek@acme.com' WHERE id = 1004",
        "ALTER TABLE customers ADD COLUMN phone varchar(20), DROP COLUMN last_name",
        "UPDATE customers SET phone = '555' WHERE id = 1004",
        "ALTER TABLE customers ALTER COLUMN phone TYPE int USING phone::int",
        "UPDATE customers SET phone = 556 WHERE id = 1004",
        "DELETE FROM customers WHERE id = 1005",
        "ALTER TABLE customers DROP COLUMN first_name",
        "ALTER TABLE customers ADD COLUMN first_name int",
        "INSERT INTO customers (id, mail, first_name) VALUES (1006, 'six@acme.com', 6)",
    ] {
        sandbox.sql(statement);
    }
    sandbox.once();
    // Columns that went, or changed their types, keep what stood in them under names of their own.
    let after = "
        SELECT _op || ' ' || concat_ws(',', id, coalesce(first_name__2, '-'), coalesce(last_name, '-'), coalesce(mail, '-'),
            coalesce(phone__5, '-'), coalesce(phone::VARCHAR, '-'), coalesce(first_name::VARCHAR, '-'))
        FROM customers WHERE id > 1003 ORDER BY _seq";
    assert_eq!(
        sandbox.lake_column(after),
        [
            "r 1004,Anne,Kretchmar,annek@noanswer.org,-,-,-",
            "u 1004,Anne Marie,Kretchmar,anne@noanswer.org,-,-,-",
            "c 1005,Kenneth,Anderson,kander@acme.com,-,-,-",
            "u 1004,Anne Marie,Kretchmar,annek@acme.com,-,-,-",
            "u 1004,Anne Marie,-,annek@acme.com,555,-,-",
            "u 1004,Anne Marie,-,annek@acme.com,-,556,-",
            "d 1005,-,-,-,-,-,-",
            "c 1006,-,-,six@acme.com,-,-,6",
        ]
    );
    let before = "
        SELECT id || coalesce(_before::VARCHAR, '') FROM customers WHERE id > 1003 AND _op IN ('u', 'd') ORDER BY _seq";
    assert_eq!(
        sandbox.lake_column(before),
        [
            r#"1004{"id":1004,"first_name":"Anne","last_name":"Kretchmar","email":"annek@noanswer.org"}"#,
            r#"1004{"id":1004,"first_name":"Anne Marie","last_name":"Kretchmar","mail":"anne@noanswer.org"}"#,
            r#"1004{"id":1004,"first_name":"Anne Marie","mail":"annek@acme.com","phone":null}"#,
            r#"1004{"id":1004,"first_name":"Anne Marie","mail":"annek@acme.com","phone":555}"#,
            r#"1005{"id":1005,"first_name":"Kenneth","mail":"kander@acme.com","phone":null}"#,
        ]
    );
}

#[test]
fn an_excluded_column_is_in_no_event() {
    let sandbox = Sandbox::new(CUSTOMERS).with("SYNC_MODE", "append").with("SYNC_TABLE_CUSTOMERS_EXCLUDE", "email");
    let sandbox = set_up(sandbox, &["--audit", "full"]);
    sandbox.once();
    sandbox.sql("INSERT INTO customers VALUES (1005, 'Kenneth', 'Anderson', 'kander@acme.com')");
    sandbox.sql("UPDATE customers SET first_name = 'Ken', email = 'ken@acme.com' WHERE id = 1005");
    sandbox.sql("DELETE FROM customers WHERE id = 1005");
    sandbox.once();
    let events =
        "SELECT concat_ws(' ', _op, first_name, _before::VARCHAR) FROM customers WHERE id = 1005 ORDER BY _seq";
    assert_eq!(
        sandbox.lake_column(events),
        [
            "c Kenneth",
            r#"u Ken {"id": 1005, "last_name": "Anderson", "first_name": "Kenneth"}"#,
            r#"d {"id": 1005, "last_name": "Anderson", "first_name": "Ken"}"#,
        ]
    );
    let files = format!("read_parquet('{}/**/*.parquet', union_by_name = true)", sandbox.path("parquet").display());
    for rows in ["customers", &files] {
        let found = format!(
            "SELECT count(*)::VARCHAR FROM {rows} AS t WHERE t::VARCHAR LIKE '%email%' OR t::VARCHAR LIKE '%@%'"
        );
        assert_eq!(sandbox.lake_value(&found), "0");
    }
}
