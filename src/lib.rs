//! pg2duck keeps a DuckDB file in step with a Postgres database by polling.
//!
//! ```text
//!        wake (timer or NOTIFY)
//!                   │
//! Postgres ── extract ──▶ frame ──▶ Parquet file ──▶ lake (DuckDB) ──▶ state (SQLite cursor)
//!          one snapshot   Polars     durable         one transaction     moves last
//! ```
//!
//! The modules below stand in the order of that flow; [`engine::cycle`] reads as its five steps. A crash between any
//! two of them is repaired by the next start, with nothing lost and nothing applied twice: a Parquet batch counts only
//! once the state names it as pending, the lake records each applied cycle in the transaction that applies it, and the
//! cursor moves after that.

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
