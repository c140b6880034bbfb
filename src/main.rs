//! Parses, runs, prints one error, and maps it to the exit code.

use clap::Parser;
use pg2duck::cli;
use pg2duck::cli::Cli;
use pg2duck::retry::exit_code;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::execute(Cli::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("pg2duck: {error}");
            ExitCode::from(exit_code(error.kind()))
        }
    }
}
