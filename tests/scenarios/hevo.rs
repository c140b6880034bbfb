//! Hevo's three CSV files, loaded with COPY into tables without key or `updated_at`, and read under a dedicated role that
//! may SELECT them and nothing else: every table is copied whole.

use crate::support::{PASSWORD, Sandbox};

const TABLES: [&str; 3] = ["raw_customers", "raw_orders", "raw_payments"];
const SCHEMA: &str = "
    CREATE TABLE raw_customers (id int, first_name text, last_name text);
    CREATE TABLE raw_orders (id int, user_id int, order_date date, status text);
    CREATE TABLE raw_payments (id int, order_id int, payment_method text, amount int);";

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

fn load(sandbox: &Sandbox, customers: u32) {
    let mut session = sandbox.session();
    for table in TABLES {
        session.copy_in(&format!("COPY {table} FROM STDIN CSV HEADER"), &csv(table, customers));
    }
}

fn assert_same_rows(sandbox: &Sandbox) {
    for table in TABLES {
        sandbox.compare("public", table).key(&["id"]).undeclared().check();
    }
}

#[test]
fn three_csv_files_arrive_whole_and_so_does_a_later_reload() {
    let sandbox = Sandbox::new(SCHEMA);
    load(&sandbox, 100);
    let role = format!("hevo_{}", sandbox.database);
    sandbox.sql(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'; GRANT USAGE ON SCHEMA public TO {role};
         GRANT SELECT ON raw_customers, raw_orders, raw_payments TO {role}"
    ));
    let url = format!("postgres://{role}:{PASSWORD}@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
    let sandbox = sandbox.with("DATABASE_URL", url).with("SYNC_TABLES", "public.*").with("SYNC_MODE", "full");
    let check = sandbox.call(&["check"]);
    assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
    sandbox.once();
    assert_same_rows(&sandbox);

    // The same file once more: twice every row, and no key that would forbid it.
    load(&sandbox, 100);
    sandbox.once();
    let doubled = "SELECT count(*) || ' ' || count(DISTINCT id) FROM raw_payments";
    assert_eq!(sandbox.lake_value(doubled), "200 100");

    // Another day's files in place of them.
    sandbox.sql("TRUNCATE raw_customers, raw_orders, raw_payments");
    load(&sandbox, 80);
    sandbox.once();
    assert_same_rows(&sandbox);
    let revenue = "SELECT sum(amount)::VARCHAR FROM raw_payments JOIN raw_orders o ON o.id = order_id JOIN raw_customers c ON c.id = user_id";
    assert_eq!(sandbox.lake_value(revenue), sandbox.value(&revenue.replace("::VARCHAR", "")));
}
