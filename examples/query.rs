//! Prints a query's result as a table: `query FILE SQL`. For machines without the DuckDB CLI; opens the file read-only.

use duckdb::arrow::array::RecordBatch;
use duckdb::arrow::util::pretty::pretty_format_batches;
use duckdb::{AccessMode, Config, Connection};
use std::error::Error;
use std::process::ExitCode;

fn query(file: &str, sql: &str) -> Result<String, Box<dyn Error>> {
    let lake = Connection::open_with_flags(file, Config::default().access_mode(AccessMode::ReadOnly)?)?;
    // As text, in DuckDB's own rendering of every type.
    let mut statement =
        lake.prepare(&format!("SELECT COLUMNS(*)::VARCHAR FROM ({})", sql.trim_end_matches([';', ' '])))?;
    let batches: Vec<RecordBatch> = statement.query_arrow([])?.collect();
    Ok(pretty_format_batches(&batches)?.to_string())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, sql] = arguments.as_slice() else {
        eprintln!(
            "usage: query FILE SQL, as in: query lake/warehouse.duckdb 'SELECT count(*) FROM analytics_subscriptions'"
        );
        return ExitCode::from(2);
    };
    match query(file, sql) {
        Ok(table) => {
            println!("{table}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("query {file}: {error}");
            ExitCode::FAILURE
        }
    }
}
