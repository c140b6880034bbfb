//! Step 1: everything that talks to Postgres. Read-only, one connection, short transactions.
//!
//! Statements go through the simple protocol (no prepared statements), so that poolers are no obstacle.

pub mod connect;

pub mod catalog;
pub mod columns;
pub mod pg_types;
pub mod relation;

pub mod fence;
pub mod snapshot;

pub mod audit;
pub mod diff;
pub mod query;
pub mod read;

pub mod listen;

pub mod seen;

pub use connect::Connection;
pub use relation::{Cursor, Relation};
