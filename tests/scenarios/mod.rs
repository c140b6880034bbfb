//! What others show of their tools, done with this one from end to end. Each runs on its own: `make scenario NAME=airbyte`.

mod airbyte;
mod debezium;
mod estuary;
mod hevo;
mod stack;

use crate::support::Sandbox;

/// The sandbox with a role that may prepare the source, and `pg2duck setup` run with these flags.
fn set_up(sandbox: Sandbox, flags: &[&str]) -> Sandbox {
    let url = format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
    let sandbox = sandbox.with("SETUP_DATABASE_URL", url);
    let setup = sandbox.call(&[&["setup"], flags].concat());
    assert_eq!(setup.code, Some(0), "{}", setup.stderr);
    sandbox
}
