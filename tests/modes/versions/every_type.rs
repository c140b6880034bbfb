//! Versions travel through the audit table as JSON. What comes out of it must be what the row holds, for every type.

use super::recorded;
use crate::support::{EVERY_TYPE, Edges, SETUP, Sandbox};

const ROWS: usize = 24;

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Types from whose JSON no way leads back to the value.
const ONE_WAY: [&str; 6] = ["hstore", "hstore[]", "int2vector", "oidvector", "numbers[]", "spots[]"];

/// The type's edges in turn, but for those of which JSON keeps the meaning and not the spelling.
fn literal(edges: &Edges, at: usize) -> String {
    let is_kept = |value: &&str| match edges.declared {
        "json" => value.starts_with(['{', '[']) && !value.contains("\\u") && value.trim() == *value,
        "jsonb" => *value != "null",
        "\"select\"" => !value.contains("null"),
        _ => true,
    };
    let kept: Vec<usize> = (0..edges.values.len()).filter(|at| is_kept(&edges.values[*at])).collect();
    edges.literal(kept[at % kept.len()])
}

fn insert(types: &[&Edges], ids: std::ops::Range<usize>) -> String {
    let row = |id: usize| {
        let values: Vec<String> = types.iter().map(|edges| literal(edges, id)).collect();
        format!("({id}, {})", values.join(", "))
    };
    format!("INSERT INTO edges VALUES {};", ids.map(row).collect::<Vec<_>>().join(",\n"))
}

fn sandbox(types: &[&Edges]) -> Sandbox {
    let columns: Vec<String> =
        types.iter().map(|edges| format!("{} {}", quote(edges.declared), edges.declared)).collect();
    let table = format!("{SETUP} CREATE TABLE edges (id int PRIMARY KEY, {});", columns.join(", "));
    let sandbox = recorded(&[table, insert(types, 0..2)].concat(), "history").with("SYNC_TABLES", "edges");
    sandbox.once();
    sandbox
}

fn check(sandbox: &Sandbox) {
    sandbox.compare("public", "edges").lake_name("main", "edges_current").undeclared().check();
}

#[test]
fn every_edge_of_every_type_comes_through_the_audit_table() {
    let types: Vec<&Edges> = EVERY_TYPE.iter().filter(|edges| !ONE_WAY.contains(&edges.declared)).collect();
    let sandbox = sandbox(&types);
    sandbox.sql(&insert(&types, 2..ROWS));
    sandbox.sql("UPDATE edges SET id = id WHERE id = 3; DELETE FROM edges WHERE id = 4");
    sandbox.once();
    let told = "SELECT string_agg(_op, '' ORDER BY _op) FROM edges WHERE id IN (2, 3, 4)";
    assert_eq!(sandbox.lake_value(told), "cccdu");
    check(&sandbox);
}

#[test]
fn every_edge_of_every_type_comes_through_under_an_earlier_shape() {
    let types: Vec<&Edges> = EVERY_TYPE.iter().filter(|edges| !ONE_WAY.contains(&edges.declared)).collect();
    let sandbox = sandbox(&types);
    sandbox.sql(&insert(&types, 2..ROWS));
    sandbox.sql("ALTER TABLE edges ADD COLUMN extra int");
    sandbox.once();
    let told = "SELECT string_agg(DISTINCT _op, '') FROM edges WHERE id >= 2";
    assert_eq!(sandbox.lake_value(told), "c");
    // A fresh copy finds nothing that is otherwise.
    assert_eq!(sandbox.call(&["resync", "public.edges"]).code, Some(0));
    assert_eq!(sandbox.lake_value(told), "c");
    check(&sandbox);
}

#[test]
fn a_table_with_a_type_that_json_does_not_lead_back_to_is_polled_instead() {
    for edges in EVERY_TYPE.iter().filter(|edges| ONE_WAY.contains(&edges.declared)) {
        let sandbox = sandbox(&[edges]);
        sandbox.sql(&insert(&[edges], 2..ROWS));
        sandbox.sql("UPDATE edges SET id = 100 WHERE id = 0; DELETE FROM edges WHERE id = 1");
        sandbox.once();
        check(&sandbox);
    }
}

#[test]
fn what_json_may_hold_and_jsonb_may_not_does_not_fail_the_application() {
    let sandbox = recorded("CREATE TABLE documents (id int PRIMARY KEY, doc json)", "append");
    sandbox.once();
    sandbox.sql(r#"INSERT INTO documents VALUES (1, '"\ud800"'), (2, '{"nul": "\u0000"}'), (3, '1e999999')"#);
    sandbox.sql("UPDATE documents SET doc = '{}'; DELETE FROM documents WHERE id = 2");
    // Postgres itself cannot read such values out of what was recorded; a bootstrap needs not.
    sandbox.once_fails(1, &["public.documents", "json"]);
    assert_eq!(sandbox.call(&["resync", "public.documents"]).code, Some(0));
    sandbox.once();
    assert_eq!(sandbox.lake_column("SELECT id::VARCHAR FROM documents ORDER BY id"), ["1", "3"]);
}
