//! What every test needs: a Postgres, a sandbox with a database and folders of its own, the binary under test, and the
//! comparison of source and lake.

mod allocation;
pub mod cluster;
mod compare;
mod edges;
mod exported;
mod history;
pub mod lake;
mod process;
mod random;
mod rendering;
mod sandbox;
mod server;
mod source_types;
mod sql;

pub use allocation::counted_peak;
pub use cluster::{PASSWORD, ROLE};
pub use compare::Comparison;
pub use edges::{EVERY_TYPE, Edges, SETUP};
pub use exported::exported;
pub use process::{Finished, Running, wait_until};
pub use random::Random;
pub use rendering::{Cell, Rendering};
pub use sandbox::Sandbox;
pub use server::Server;
pub use source_types::{Column, columns};
pub use sql::Session;
