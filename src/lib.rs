//! pg2duck keeps a DuckDB file in step with a Postgres database by polling.
//!
//! ```text
//!        wake (timer or NOTIFY)
//!                   │
//! Postgres ── source ──▶ decode ──▶ Parquet file ──▶ lake (DuckDB) ──▶ state (SQLite)
//!          one snapshot   Polars     durable         one transaction    moves last
//! ```
//!
//! The modules below stand in the order of that flow; [`sync::cycle`] reads as its five steps, and is the only place that sees
//! source, lake and state together. Everything that is decided is decided by [`sync::plan`], a pure function. A crash between any
//! two steps is repaired by the next start, with nothing lost and nothing applied twice: a Parquet batch counts only once the ledger
//! names it, the lake records each applied cycle in the transaction that applies it, and positions move after that.
//!
//! What each folder may know of the others is drawn in `docs/architecture.md` and held by `tests/architecture.rs`: plain values
//! ([`model`]) know nothing, and no arrow points back up.

pub mod cli;
pub mod config;

pub mod sync;

pub mod source;

pub mod decode;

pub mod parquet;

pub mod lake;

pub mod state;

pub mod check;
pub mod setup;

pub mod model;

pub mod error;
pub mod retry;

pub use error::{Error, Kind, Result};
