//! Names that need quoting, in both databases, in SQL, in file names and in the state.

use crate::support::Sandbox;

/// Names as Postgres accepts them; each is used for a schema, a table and a column.
const NASTY: [&str; 12] = [
    "Mixed Case",
    "select",
    r#"with "quotes""#,
    "it's",
    "a.b",
    "../up/..",
    "Größe 日本 🦆",
    "back\\slash",
    "100% {table} $1 ?",
    "; DROP TABLE t --",
    "new\nline",
    " edge ",
];

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn column_list(definition: impl Fn(&str) -> String) -> String {
    NASTY.iter().map(|name| definition(&quote(name))).collect::<Vec<_>>().join(", ")
}

#[test]
fn any_name_may_be_that_of_a_column_a_key_or_a_cursor() {
    let key = NASTY[2..5].iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ");
    let sandbox = Sandbox::new(&format!(
        "CREATE TABLE names ({}, x interval, columns int[], rowid int, excluded text, \"Updated \"\"At\"\"\" timestamptz DEFAULT now(),
             PRIMARY KEY ({key}));
         INSERT INTO names SELECT {}, '1 day', ARRAY[g], g, 'e' FROM generate_series(1, 20) g",
        column_list(|name| format!("{name} text")),
        column_list(|_| "g || 'v'".into())
    ))
    .with("CURSOR_COLUMN", "Updated \"At\"");
    sandbox.once();
    sandbox.assert_equal("names");
    sandbox.sql(&format!(
        "UPDATE names SET {} = 'changed', \"Updated \"\"At\"\"\" = now() WHERE rowid < 4",
        quote(NASTY[0])
    ));
    sandbox.sql("ALTER TABLE names ADD \"New, \"\"Column\"\"\" int");
    sandbox.once();
    sandbox.assert_equal("names");
    assert_eq!(sandbox.status("public.names").unwrap()["cursor_column"], "Updated \"At\"");
}

#[test]
fn any_name_may_be_that_of_a_schema_and_of_a_table() {
    let sql: String = NASTY
        .iter()
        .map(|name| {
            let name = quote(name);
            format!(
                "CREATE SCHEMA {name}; CREATE TABLE {name}.{name} (id int PRIMARY KEY, v text, updated_at timestamptz DEFAULT now());
                 INSERT INTO {name}.{name} (id, v) SELECT g, 'v' FROM generate_series(1, 20) g;"
            )
        })
        .collect();
    let sandbox = Sandbox::new(&sql);
    sandbox.once();
    NASTY.iter().for_each(|name| sandbox.compare(name, name).check());
    NASTY.iter().for_each(|name| {
        let name = quote(name);
        sandbox.sql(&format!("UPDATE {name}.{name} SET v = 'w', updated_at = now() WHERE id = 3"));
    });
    sandbox.once();
    NASTY.iter().for_each(|name| sandbox.compare(name, name).check());
    let folders = std::fs::read_dir(sandbox.path("parquet")).unwrap().count();
    assert_eq!(folders, NASTY.len(), "one folder per table, directly in PARQUET_DIR");
}

#[test]
fn quoted_names_can_be_selected_excluded_keyed_and_resynced() {
    let sandbox = Sandbox::new(
        "CREATE SCHEMA \"order\"; CREATE TABLE \"order\".\"Group, By\" (\"a,b\" int, \"C\" int, v int);
         INSERT INTO \"order\".\"Group, By\" VALUES (1, 1, 1), (1, 2, 2);
         CREATE TABLE \"order\".\"Other.*\" (id int PRIMARY KEY); CREATE TABLE \"order\".\"Other.x\" (id int PRIMARY KEY);",
    )
    .with("SYNC_TABLES", "order.*, !\"order\".\"Other.*\"")
    .with("SYNC_TABLE_GROUP__BY_PRIMARY_KEY", "\"a,b\", C");
    sandbox.once();
    assert_eq!(sandbox.lake_tables(), ["order.Group, By", "order.Other.x"]);
    sandbox.compare("order", "Group, By").key(&["a,b", "C"]).check();
    sandbox.sql("DELETE FROM \"order\".\"Group, By\" WHERE v = 2");
    let resynced = sandbox.call(&["resync", "order.Group, By"]);
    assert_eq!(resynced.code, Some(0), "{}", resynced.stderr);
    sandbox.compare("order", "Group, By").key(&["a,b", "C"]).check();
}

#[test]
fn columns_that_differ_only_in_case_are_refused_with_both_names() {
    let sandbox = Sandbox::new(
        "CREATE TABLE t (id int PRIMARY KEY, \"Name\" text, name text); INSERT INTO t VALUES (1, 'a', 'b')",
    );
    sandbox.once_fails(1, &["public.t", "\"Name\"", "\"name\"", "differ only in case"]);
}

#[test]
fn tables_that_differ_only_in_case_are_never_mixed() {
    let sandbox = Sandbox::new(
        "CREATE TABLE users (id int PRIMARY KEY, v text); CREATE TABLE \"Users\" (id int PRIMARY KEY, v text);
         INSERT INTO users VALUES (1, 'lower'); INSERT INTO \"Users\" VALUES (1, 'upper'), (2, 'upper');",
    );
    let finished = sandbox.call(&["once"]);
    assert!(matches!(finished.code, Some(1 | 2)), "{}", finished.stderr);
    for text in ["public.Users", "public.users", "DUCKDB_TABLE"] {
        assert!(finished.stderr.contains(text), "{text} is not said in {}", finished.stderr);
    }
}

/// Syncs twice with the lake and the archive in this folder.
fn works_in_folder(name: &str) {
    let sandbox = Sandbox::new("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'x')");
    let folder = sandbox.path(name);
    let lake = folder.join("ware house.duckdb");
    let sandbox = sandbox.with("DUCKDB_PATH", lake.display()).with("PARQUET_DIR", folder.join("files").display());
    sandbox.once();
    sandbox.sql("INSERT INTO t VALUES (2, 'y')");
    sandbox.once();
    sandbox.compare("public", "t").lake_path(lake).check();
}

#[test]
fn folders_may_have_any_name() {
    works_in_folder("it's a \"lake\"");
    works_in_folder("glob * [1] {a,b}");
    works_in_folder("日本");
}

#[test]
fn a_folder_that_looks_like_a_hive_partition_does_not_override_columns() {
    works_in_folder("id=7");
    works_in_folder("v=overridden");
}

/// DuckDB compares names without case: a lookup that did not would drop the user's own table.
#[test]
fn a_users_own_lake_table_survives_a_source_table_whose_name_differs_in_case() {
    let sandbox = Sandbox::new("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'v')");
    std::fs::create_dir_all(sandbox.path("lake")).unwrap();
    let lake = duckdb::Connection::open(sandbox.lake_path()).unwrap();
    lake.execute_batch("CREATE TABLE \"T\" AS SELECT 42 AS mine").unwrap();
    drop(lake);
    sandbox.once_fails(1, &["was not made by pg2duck", "DUCKDB_TABLE"]);
    assert_eq!(sandbox.lake_value("SELECT mine::VARCHAR FROM \"T\""), "42");
}
