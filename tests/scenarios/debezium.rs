//! Debezium's `customers`: every change is an event with its operation and the row before and after it, in order.

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
         FROM customers WHERE id = {id} ORDER BY rowid"
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
    sandbox.sql("BEGIN; INSERT INTO customers VALUES (1006, 'A', 'B', 'a@b.c'); UPDATE customers SET email = 'x@y.z' WHERE id = 1006; COMMIT");
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
