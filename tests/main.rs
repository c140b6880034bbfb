//! The promises of pg2duck, each a module of this one binary. But for `decoder`, the tests know nothing of the
//! library: they start a real Postgres, run the real `pg2duck`, and look at the files that it leaves behind with DuckDB and
//! Polars.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

mod architecture;
mod bad_input;
mod bad_tables;
mod bootstrap;
mod check;
mod columns;
mod decoder;
mod deletes;
mod diff;
mod drift;
mod fence;
mod growth;
mod hostile;
mod idle;
mod incremental;
mod interrupted;
mod listen;
mod loading;
mod lock;
mod loss;
mod memory;
mod modes;
mod no_missed_change;
mod quoting;
mod random_types;
mod regressions;
mod rejects;
mod restart;
mod rewrites;
mod scenarios;
mod setup;
mod soak;
mod sources;
mod status;
mod types;
mod versions;
