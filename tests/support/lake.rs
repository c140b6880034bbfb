//! Looks into the lake and the Parquet files as any other program would: with DuckDB, read-only, briefly.

use super::process::wait_until;
use duckdb::{AccessMode, Config, Connection};
use std::path::{Path, PathBuf};

/// Opens the lake read-only; waits while a cycle holds it, or until the next one has repaired what a kill left behind.
pub fn open(path: &Path) -> Connection {
    try_open(path).unwrap_or_else(|error| panic!("open {}: {error}", path.display()))
}

/// The same, or what DuckDB says.
pub fn try_open(path: &Path) -> Result<Connection, String> {
    let mut opened = None;
    wait_until(&format!("{} can be opened", path.display()), || {
        let config = Config::default().access_mode(AccessMode::ReadOnly).expect("a valid configuration");
        match Connection::open_with_flags(path, config).map_err(|error| error.to_string()) {
            Err(error) if ["Could not set lock", "replaying WAL"].iter().any(|text| error.contains(text)) => {}
            done => opened = Some(done),
        }
        opened.is_some()
    });
    opened.expect("opened above")
}

/// Every row of the query, each its only column, as text.
pub fn column(lake: &Connection, sql: &str) -> Vec<Option<String>> {
    let mut statement = lake.prepare(sql).unwrap_or_else(|error| panic!("{error}\nin: {sql}"));
    let rows = statement.query_map([], |row| row.get(0)).unwrap_or_else(|error| panic!("{error}\nin: {sql}"));
    rows.map(|row| row.unwrap_or_else(|error| panic!("{error}\nin: {sql}"))).collect()
}

/// The only value of the query, as text; empty for NULL.
pub fn value(lake: &Connection, sql: &str) -> String {
    column(lake, sql).into_iter().next().unwrap_or_else(|| panic!("no row from: {sql}")).unwrap_or_default()
}

/// How many rows these Parquet files hold together.
pub fn parquet_rows(files: &[PathBuf]) -> u64 {
    if files.is_empty() {
        return 0;
    }
    let list = files.iter().map(|file| format!("'{}'", file.display())).collect::<Vec<_>>().join(", ");
    let memory = Connection::open_in_memory().expect("an in-memory DuckDB");
    let rows = value(&memory, &format!("SELECT count(*)::VARCHAR FROM read_parquet([{list}], union_by_name = true)"));
    rows.parse().expect("a count")
}

/// Every file below the folder, sorted by path.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        // Absent, or removed by pg2duck between listing and reading.
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
