//! Everything that pg2duck has left behind in a sandbox, as one text to search for what must not be in it.

use super::lake;
use super::sandbox::Sandbox;
use duckdb::Connection;
use std::path::Path;

/// Every row of every table and Parquet file, and every file as its bytes (footers and logs are not compressed).
pub fn exported(sandbox: &Sandbox) -> String {
    let lake = lake::open(&sandbox.lake_path());
    let tables = "SELECT format('\"{}\".\"{}\"', schema_name, replace(table_name, '\"', '\"\"')) FROM duckdb_tables()";
    let mut text = String::new();
    for table in lake::column(&lake, tables).into_iter().flatten() {
        text.push_str(&rows(&lake, &table));
    }
    for file in lake::files_below(sandbox.path("").as_path()) {
        if file.extension().is_some_and(|end| end == "parquet") {
            text.push_str(&rows(&lake, &format!("read_parquet('{}')", file.display())));
        }
        if is_ours(&file) {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(&file).expect("a file")));
        }
    }
    text
}

/// Not what the test itself has put there.
fn is_ours(file: &Path) -> bool {
    let known = ["parquet", "duckdb", "wal", "db", "db-wal", "db-shm", "out", "err", "lock", "tmp"];
    file.extension().is_none_or(|end| known.iter().any(|name| end == *name))
        && file.file_name().is_none_or(|name| name != "salt")
}

fn rows(lake: &Connection, table: &str) -> String {
    let all = format!("SELECT coalesce(string_agg(t::VARCHAR, chr(10)), '') FROM {table} AS t");
    lake::value(lake, &all)
}
