//! Step 1: everything that talks to Postgres. Reading is read-only, in short transactions; `setup`, and the pruning of the audit
//! table, are all that writes.
//!
//! Statements go through the simple protocol (no prepared statements), so that poolers are no obstacle.

pub mod connection;
pub mod errors;
pub mod rows;
pub mod sessions;
pub mod sql;

pub mod catalog;
pub mod columns;
pub mod pg_types;
pub mod relation;

pub mod primary;
mod running;
pub mod snapshot;
pub mod wal;

pub mod audit;
pub mod keys;
pub mod query;
pub mod select;
pub mod shapes;
pub mod versions;

pub mod ask;
pub mod read;

pub mod listen;

pub use connection::Connection;
pub use relation::Relation;
pub use sessions::Sessions;
