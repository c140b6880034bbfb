//! What every test needs: a Postgres, a sandbox with a database and folders of its own, the binary under test, and the
//! comparison of source and lake.

mod cluster;
mod compare;
mod lake;
mod process;
mod random;
mod rendering;
mod sandbox;
mod server;
mod sql;

pub use cluster::{PASSWORD, ROLE};
pub use compare::Comparison;
pub use process::{Finished, Running, wait_until};
pub use random::Random;
pub use sandbox::Sandbox;
pub use server::Server;
pub use sql::Session;
