//! Step 4: the DuckDB file. One transaction per cycle, so that readers see whole cycles only.
//!
//! Nothing outside this module may assume that the file being written is the one that `DUCKDB_PATH` names.

pub mod apply;
pub mod drift;
pub mod file;
pub mod metadata;
pub mod swap;
pub mod table;

pub use apply::apply;
pub use file::Lake;
pub use metadata::{Freshness, SyncRow};

use crate::error::{Error, Kind};

/// A DuckDB error as ours; its first line only, since the rest repeats the statement.
pub(crate) fn failure(operation: impl std::fmt::Display, error: &duckdb::Error) -> Error {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    Error::new(Kind::Table, format!("{operation}: {}", without_values(line)))
}

/// DuckDB quotes cell values in conversion and constraint errors; those never leave the process.
fn without_values(line: &str) -> String {
    let cut = ["Could not convert string", "Duplicate key", "Malformed JSON", "Could not cast value"];
    match cut.iter().find_map(|start| line.find(start).map(|at| at + start.len())) {
        Some(end) => format!("{} (value not shown)", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn cell_values_are_cut_from_messages() {
        let line = r#"Constraint Error: Duplicate key "email: a@b.c" violates primary key constraint."#;
        assert_eq!(super::without_values(line), "Constraint Error: Duplicate key (value not shown)");
    }
}
