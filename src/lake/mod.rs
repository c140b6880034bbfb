//! Step 4: the DuckDB file. One transaction per cycle, so that readers see whole cycles only.
//!
//! Nothing outside this module may assume that the file being written is the one that `DUCKDB_PATH` names.

pub mod apply;
mod batches;
mod columns;
mod convert;
pub mod file;
mod fold;
mod freshness;
mod hidden;
mod history;
mod indexes;
pub mod key;
mod keys;
mod layout;
mod matching;
mod merge;
pub mod metadata;
pub mod place;
mod rejects;
mod repeated;
pub mod rewrite;
mod schema;
mod session;
pub mod staging;
pub mod swap;
pub mod table;

pub use apply::apply;
pub use file::{DuckDb, Lake};

use crate::error::{Error, Kind};

/// A DuckDB error as ours; its first line only, since the rest repeats the statement. DuckDB has no codes, only text (1.5).
pub(crate) fn failure(operation: impl std::fmt::Display, error: &duckdb::Error) -> Error {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or("DuckDB gave no reason");
    let says = |signs: &[&str]| signs.iter().any(|sign| line.contains(sign));
    if says(&["Out of Memory", "could not allocate", "failed to pin"]) {
        let message = format!("{operation}: DuckDB is out of memory; raise DUCKDB_MEMORY_LIMIT");
        return Error::new(Kind::Memory, message);
    }
    let kind = match () {
        () if says(&["FATAL Error", "INTERNAL Error", "has been invalidated"]) => Kind::LakeDied,
        () if says(&["IO Error", "No space left"]) => Kind::Disk,
        () => Kind::Table,
    };
    Error::new(kind, format!("{operation}: {}", without_values(line)))
}

/// DuckDB quotes cell values in errors about data; those never leave the process.
fn without_values(line: &str) -> String {
    let about_data = ["Conversion", "Constraint", "Invalid Input", "Out of Range", "TransactionContext"];
    match line.find(['"', '\'']) {
        Some(quote) if about_data.iter().any(|class| line.contains(class)) => {
            format!("{}… (value not shown)", line[..quote].trim_end())
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn cell_values_are_cut_from_messages() {
        let line = r#"Constraint Error: Duplicate key "email: a@b.c" violates primary key constraint."#;
        assert_eq!(super::without_values(line), "Constraint Error: Duplicate key… (value not shown)");
        let line = r#"Out of Range Error: Cannot cast value "123.45" to type"#;
        assert_eq!(super::without_values(line), "Out of Range Error: Cannot cast value… (value not shown)");
    }
}
