//! Streams one COPY.

use super::connection::Connection;
use super::errors::statement_error;
use crate::error::{Error, Result};
use futures_util::TryStreamExt;
use std::ops::ControlFlow;

/// Streams the bytes of `COPY (query) TO STDOUT (FORMAT binary)` into `chunk`, which may break off.
///
/// # Errors
/// `Stopped` when `chunk` broke off, what it said, or what the server said. After any of them the connection is in doubt.
pub async fn copy(
    source: &mut Connection,
    query: &str,
    mut chunk: impl AsyncFnMut(&[u8]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    source.in_doubt = true;
    let statement = format!("COPY ({query}) TO STDOUT (FORMAT binary)");
    let mut stream = source.session.copy_out_raw(&statement).await.map_err(|error| statement_error(&error))?;
    while let Some(bytes) = stream.try_next().await.map_err(|error| statement_error(&error))? {
        if chunk(&bytes).await?.is_break() {
            return Err(Error::stopped());
        }
    }
    drop(stream);
    source.in_doubt = false;
    Ok(())
}

/// What the same query's COPY would be refused for, asked in a way that leaves the session usable.
///
/// # Errors
/// What the server said.
pub async fn rehearse(source: &mut Connection, query: &str) -> Result<()> {
    source.execute(&format!("SELECT FROM ({query}) AS rehearsed LIMIT 0")).await
}
