//! With `setup --audit full`, tables that keep versions get every one, in commit order, not only those that a poll saw.

mod every_type;
mod shapes;

use crate::support::Sandbox;

const CUSTOMERS: &str = "
    CREATE TABLE customers (id int PRIMARY KEY, first_name text, email text, updated_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO customers SELECT g, 'name ' || g, g || '@example.com' FROM generate_series(1, 3) g;";

fn recorded(sql: &str, mode: &str) -> Sandbox {
    let sandbox = Sandbox::new(sql);
    let url = format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
    let sandbox = sandbox.with("SETUP_DATABASE_URL", url).with("SYNC_MODE", mode);
    let setup = sandbox.call(&["setup", "--audit", "full"]);
    assert_eq!(setup.code, Some(0), "{}", setup.stderr);
    sandbox
}

#[test]
fn four_changes_between_two_polls_are_four_versions() {
    let sandbox = recorded(&CUSTOMERS.replace("customers", "products"), "history");
    sandbox.once();
    sandbox.sql("INSERT INTO products VALUES (9, 'a', 'x')");
    sandbox.sql("UPDATE products SET first_name = 'b' WHERE id = 9");
    sandbox.sql("UPDATE products SET first_name = 'c' WHERE id = 9");
    sandbox.sql("DELETE FROM products WHERE id = 9");
    sandbox.once();
    let versions = sandbox.lake_column(
        "SELECT _op || first_name || _is_current FROM products WHERE id = 9 ORDER BY _valid_from, _op DESC",
    );
    assert_eq!(versions, ["cafalse", "ubfalse", "ucfalse", "dcfalse"]);
    sandbox.assert_history_is_consistent("products", "id");
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM products"), "7");
}

#[test]
fn debeziums_customers_are_seen_as_c_u_and_d_with_before_and_after() {
    let sandbox = recorded(CUSTOMERS, "append");
    sandbox.once();
    sandbox.sql("INSERT INTO customers VALUES (4, 'Anne', 'annek@noanswer.org')");
    sandbox.sql("UPDATE customers SET first_name = 'Anne Marie' WHERE id = 4");
    sandbox.sql("DELETE FROM customers WHERE id = 4");
    sandbox.once();
    let records = sandbox.lake_column(
        "SELECT _op || ' ' || coalesce(_before->>'first_name', '-') || ' ' || coalesce(first_name, '-')
         FROM customers WHERE id = 4 ORDER BY rowid",
    );
    assert_eq!(records, ["c - Anne", "u Anne Anne Marie", "d Anne Marie -"]);
    assert_eq!(sandbox.lake_column("SELECT DISTINCT _op FROM customers WHERE id < 4"), ["r"]);
}

#[test]
fn what_a_cycle_showed_stays_true_when_an_older_transaction_commits_after_it() {
    let sandbox = recorded(&CUSTOMERS.replace("customers", "products"), "history");
    sandbox.once();
    let sums = |sandbox: &Sandbox| {
        sandbox.value("SELECT count(*) || ' ' || string_agg(first_name, ',' ORDER BY id) FROM products")
    };
    let mut held = Vec::new();
    let mut late = sandbox.session();
    late.execute("BEGIN; UPDATE products SET first_name = 'late' WHERE id = 1; DELETE FROM products WHERE id = 2");
    for round in 0..3 {
        sandbox.sql(&format!(
            "UPDATE products SET first_name = 'round {round}' WHERE id = 3; INSERT INTO products VALUES ({}, 'n')",
            10 + round
        ));
        if round == 2 {
            late.execute("COMMIT");
        }
        sandbox.once();
        held.push((sandbox.lake_value("SELECT as_of::VARCHAR FROM _pg2duck.sync"), sums(&sandbox)));
    }
    for (as_of, expected) in held {
        let query = format!(
            "SELECT count(*) || ' ' || string_agg(first_name, ',' ORDER BY id) FROM products_as_of(TIMESTAMPTZ '{as_of}')"
        );
        assert_eq!(sandbox.lake_value(&query), expected, "at {as_of}");
    }
    sandbox.assert_history_is_consistent("products", "id");
}

#[test]
fn changed_keys_truncate_partitions_and_missed_rows_keep_a_history_consistent() {
    let sandbox = recorded(
        "CREATE TABLE products (id int, region text, name text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
         CREATE TABLE products_eu PARTITION OF products FOR VALUES IN ('eu');
         CREATE TABLE products_us PARTITION OF products FOR VALUES IN ('us');
         INSERT INTO products SELECT g, 'eu', 'p' || g FROM generate_series(1, 10) g;",
        "history",
    );
    sandbox.once();
    sandbox.sql("UPDATE products SET region = 'us' WHERE id < 4; UPDATE products_eu SET name = 'direct' WHERE id = 5");
    sandbox.sql("UPDATE products SET id = id + 100 WHERE region = 'us'");
    sandbox.once();
    sandbox.compare("public", "products").lake_name("main", "products_current").undeclared().check();
    sandbox.sql("SET session_replication_role = replica; UPDATE products SET name = 'unseen' WHERE id = 6; SET session_replication_role = origin");
    let mut sandbox = sandbox;
    sandbox.set("SWEEP_INTERVAL", "0s");
    sandbox.once();
    sandbox.compare("public", "products").lake_name("main", "products_current").undeclared().check();
    sandbox.sql("TRUNCATE products; INSERT INTO products VALUES (1, 'eu', 'after')");
    sandbox.once();
    sandbox.compare("public", "products").lake_name("main", "products_current").undeclared().check();
}

#[test]
fn what_is_masked_or_left_out_is_not_in_the_image_of_before_either() {
    let sandbox = recorded(CUSTOMERS, "append")
        .with("SYNC_TABLE_CUSTOMERS_MASK", "email")
        .with("SYNC_TABLE_CUSTOMERS_EXCLUDE", "updated_at");
    sandbox.once();
    sandbox.sql("UPDATE customers SET first_name = 'x' WHERE id = 1");
    sandbox.once();
    assert_eq!(
        sandbox.lake_value("SELECT _before::VARCHAR FROM customers WHERE _op = 'u'"),
        r#"{"id": 1, "first_name": "name 1"}"#
    );
    assert_eq!(sandbox.lake_value("SELECT length(email)::VARCHAR FROM customers WHERE _op = 'u'"), "64");
}

/// Guards against the version before it: what a trigger does is recorded before the statement that set it off.
#[test]
fn a_trigger_of_the_application_that_writes_to_its_own_table_leaves_the_last_version_last() {
    for mode in ["history", "append"] {
        let sandbox = recorded(
            "CREATE TABLE products (id int PRIMARY KEY, name text, total int);
             CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 UPDATE products SET total = 7 WHERE id = NEW.id;
                 DELETE FROM products WHERE id = NEW.id AND name = 'unwanted';
                 RETURN NULL; END $$;
             CREATE TRIGGER fill AFTER INSERT ON products FOR EACH ROW EXECUTE FUNCTION fill();",
            mode,
        );
        sandbox.once();
        sandbox.sql("INSERT INTO products VALUES (1, 'a', 0), (2, 'b', 0), (3, 'unwanted', 0)");
        sandbox.once();
        let last = "SELECT string_agg(id || ' ' || total, ', ' ORDER BY id) FROM (
             FROM products QUALIFY row_number() OVER (PARTITION BY id ORDER BY rowid DESC) = 1) WHERE _op <> 'd'";
        assert_eq!(sandbox.lake_value(last), "1 7, 2 7", "{mode}");
    }
}
