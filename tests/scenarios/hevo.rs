//! Hevo's three CSV files, loaded with COPY into tables without key or `updated_at`, and read under a dedicated role that
//! may SELECT them and nothing else: every table is copied whole. As there, `payment_method` is declared INT at first, and a
//! publication of all tables is made.

use crate::support::{PASSWORD, Sandbox};

const TABLES: [&str; 3] = ["raw_customers", "raw_orders", "raw_payments"];
const SCHEMA: &str = "
    CREATE TABLE raw_customers (id int, first_name text, last_name text);
    CREATE TABLE raw_orders (id int, user_id int, order_date date, status text);
    CREATE TABLE raw_payments (id int, order_id int, payment_method INT, amount int);
    CREATE PUBLICATION hevo_publication FOR ALL TABLES;";

/// The three files as they are on a day; customers and orders come and go.
fn csv(table: &str, customers: u32) -> String {
    let line = |id: u32| match table {
        "raw_customers" => format!("{id},\"First, {id}\",{}.", char::from(b'A' + (id % 26) as u8)),
        "raw_orders" => {
            format!("{id},{},2018-01-{:02},{}", id % customers, 1 + id % 28, ["placed", "returned"][id as usize % 2])
        }
        _ => format!("{id},{},{},{}", id, ["credit_card", "coupon"][id as usize % 2], id * 100),
    };
    let header = match table {
        "raw_customers" => "id,first_name,last_name",
        "raw_orders" => "id,user_id,order_date,status",
        _ => "id,order_id,payment_method,amount",
    };
    let lines = (1..=customers).map(line);
    std::iter::once(header.to_owned()).chain(lines).collect::<Vec<_>>().join("\n") + "\n"
}

/// Loads a day's files; the error is that of the first that the server does not take.
fn load(sandbox: &Sandbox, customers: u32) -> Result<(), String> {
    let mut session = sandbox.session();
    let mut copy =
        |table: &&str| session.copy_in(&format!("COPY {table} FROM STDIN CSV HEADER"), &csv(table, customers));
    TABLES.iter().try_for_each(&mut copy)
}

/// The tables, and the role that pg2duck runs under.
fn prepared() -> Sandbox {
    let sandbox = Sandbox::new(SCHEMA);
    let role = format!("hevo_{}", sandbox.database);
    sandbox.sql(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'; GRANT USAGE ON SCHEMA public TO {role};
         GRANT SELECT ON raw_customers, raw_orders, raw_payments TO {role}"
    ));
    let url = format!("postgres://{role}:{PASSWORD}@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
    sandbox.with("DATABASE_URL", url).with("SYNC_TABLES", "public.*")
}

/// Those whose files all arrived.
fn loaded(customers: u32) -> Sandbox {
    let sandbox = prepared().with("SYNC_MODE", "full");
    sandbox.sql("ALTER TABLE raw_payments ALTER payment_method TYPE text");
    load(&sandbox, customers).expect("the files fit");
    sandbox
}

fn assert_same_rows(sandbox: &Sandbox) {
    for table in TABLES {
        sandbox.compare("public", table).key(&["id"]).undeclared().check();
    }
}

#[test]
fn the_default_is_refused_and_says_what_to_choose() {
    let mut sandbox = prepared();
    let advice = TABLES.map(|table| format!("SYNC_TABLE_{}_MODE=full", table.to_uppercase()));
    let check = sandbox.call(&["check"]);
    assert_eq!(check.code, Some(1), "{}", check.stdout);
    for advice in &advice {
        assert!(check.stdout.contains(advice), "{advice} is not in:\n{}", check.stdout);
    }
    sandbox.once_fails(1, &advice.each_ref().map(String::as_str));
    assert!(!sandbox.lake_path().exists(), "there is nothing to write");

    for advice in &advice {
        let (name, value) = advice.split_once('=').expect("a setting");
        sandbox.set(name, value);
    }
    let check = sandbox.call(&["check"]);
    assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
    assert!(
        check.stdout.contains("key none, cursor none") && !check.stdout.contains("has no xmin"),
        "{}",
        check.stdout
    );
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM raw_payments"), "0");
}

#[test]
fn payment_method_int_takes_no_file_and_is_text_in_the_lake_once_it_is_in_the_source() {
    let sandbox = prepared().with("SYNC_MODE", "full");
    sandbox.sql("INSERT INTO raw_payments VALUES (0, 0, 7, 100)");
    let refused = load(&sandbox, 100).expect_err("it holds names");
    assert!(refused.contains("invalid input syntax for type integer: \"coupon\""), "{refused}");
    let kind = "SELECT data_type FROM duckdb_columns() WHERE column_name = 'payment_method'";
    sandbox.once();
    assert_same_rows(&sandbox);
    assert_eq!(sandbox.lake_value(kind), "INTEGER");
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM raw_orders"), "100", "the other files arrived");

    sandbox.sql("ALTER TABLE raw_payments ALTER payment_method TYPE text; TRUNCATE raw_customers, raw_orders");
    load(&sandbox, 100).expect("it takes names");
    sandbox.once();
    assert_same_rows(&sandbox);
    assert_eq!(sandbox.lake_value(kind), "VARCHAR");
    assert_eq!(
        sandbox.lake_column("SELECT payment_method FROM raw_payments WHERE id < 3 ORDER BY id"),
        ["7", "coupon", "credit_card"]
    );
}

#[test]
fn three_csv_files_arrive_whole_and_so_does_a_later_reload() {
    let sandbox = loaded(100);
    sandbox.once();
    assert_same_rows(&sandbox);

    // The same file once more: twice every row, and no key that would forbid it.
    load(&sandbox, 100).expect("the files fit");
    sandbox.once();
    let doubled = "SELECT count(*) || ' ' || count(DISTINCT id) FROM raw_payments";
    assert_eq!(sandbox.lake_value(doubled), "200 100");

    // Another day's files in place of them.
    sandbox.sql("TRUNCATE raw_customers, raw_orders, raw_payments");
    load(&sandbox, 80).expect("the files fit");
    sandbox.once();
    assert_same_rows(&sandbox);
    let revenue = "SELECT sum(amount)::VARCHAR FROM raw_payments
        JOIN raw_orders o ON o.id = order_id JOIN raw_customers c ON c.id = user_id";
    assert_eq!(sandbox.lake_value(revenue), sandbox.value(&revenue.replace("::VARCHAR", "")));

    // The publication is nobody's concern here: it has the three tables, and no slot holds any log back.
    let published = "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_publication_tables";
    assert_eq!(sandbox.value(published), TABLES.join(" "));
    assert_eq!(sandbox.value("SELECT count(*) FROM pg_replication_slots WHERE database = current_database()"), "0");
}
