//! Step 4: the DuckDB file. One transaction per cycle, so that readers see whole cycles only.
//!
//! Nothing outside this module may assume that the file being written is the one that `DUCKDB_PATH` names.

pub mod apply;
mod batches;
mod convert;
mod diff;
pub mod file;
mod history;
mod key;
mod merge;
pub mod metadata;
mod rejects;
pub mod rewrite;
mod schema;
pub mod staging;
pub mod swap;
pub mod table;

pub use apply::apply;
pub use file::{DuckDb, Lake};

use crate::error::{Error, Kind};

/// Whether this says that DuckDB needs more memory than it may have; it has no codes, only text (1.5).
pub(crate) fn is_out_of_memory(line: &str) -> bool {
    ["Out of Memory", "could not allocate", "failed to pin", OUT_OF_MEMORY].iter().any(|sign| line.contains(sign))
}

const OUT_OF_MEMORY: &str = "DuckDB is out of memory";

/// A DuckDB error as ours; its first line only, since the rest repeats the statement.
pub(crate) fn failure(operation: impl std::fmt::Display, error: &duckdb::Error) -> Error {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    if is_out_of_memory(line) {
        return Error::new(Kind::Disk, format!("{operation}: {OUT_OF_MEMORY}; raise DUCKDB_MEMORY_LIMIT"));
    }
    let lasting = ["IO Error", "FATAL Error", "INTERNAL Error", "No space left"].iter().any(|sign| line.contains(sign));
    Error::new(if lasting { Kind::Disk } else { Kind::Table }, format!("{operation}: {}", without_values(line)))
}

/// DuckDB quotes cell values in errors about data; those never leave the process.
fn without_values(line: &str) -> String {
    let about_data = ["Conversion", "Constraint", "Invalid Input", "Out of KeyRange", "TransactionContext"];
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
    }
}
