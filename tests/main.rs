//! The promises of pg2duck, a folder each, in one binary; `tests/README.md` says where a new test goes. But for
//! `types::decoder`, the tests know nothing of the library: they start a real Postgres, run the real `pg2duck`, and look at
//! the files that it leaves behind with DuckDB and Polars.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

mod architecture;
mod cli;
mod deletes;
mod guarantees;
mod lake;
mod modes;
mod scenarios;
mod setup;
mod stress;
mod types;
