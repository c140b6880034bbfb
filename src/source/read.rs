//! Streams one COPY.

use super::connection::Connection;
use super::errors::statement_error;
use crate::error::{Error, Kind, Result};
use futures_util::TryStreamExt;
use std::ops::ControlFlow;

/// Streams the bytes of `COPY (query) TO STDOUT (FORMAT binary)` into `chunk`, which may break off.
///
/// # Errors
/// `Stopped` when `chunk` broke off, what it said, or what the server said. After any of them the connection may be in doubt.
pub async fn copy(
    source: &mut Connection,
    query: &str,
    mut chunk: impl AsyncFnMut(&[u8]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    if source.is_only {
        rehearse(source, query).await?;
    }
    let stays_usable = source.is_only;
    source.in_doubt = true;
    let statement = format!("COPY ({query}) TO STDOUT (FORMAT binary)");
    let mut stream = source.session.copy_out_raw(&statement).await.map_err(|error| statement_error(&error))?;
    let mut refused = None;
    let ended = loop {
        let bytes = match stream.try_next().await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        if refused.is_some() {
            continue;
        }
        match chunk(&bytes).await {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return Err(Error::stopped()),
            // The rest is of no use, but what comes after it is.
            Err(error) if stays_usable && error.kind() == Kind::Table => refused = Some(error),
            Err(error) => return Err(error),
        }
    };
    drop(stream);
    // Once a COPY runs, sqlx 0.9 reads on behind an error of the server until that is ready for the next statement.
    source.in_doubt = matches!(&ended, Err(error) if error.as_database_error().is_none());
    ended.map_err(|error| statement_error(&error))?;
    refused.map_or(Ok(()), Err)
}

/// What the same query's COPY would be refused for, asked in a way that leaves the session usable.
async fn rehearse(source: &mut Connection, query: &str) -> Result<()> {
    source.execute(&format!("SELECT FROM ({query}) AS rehearsed LIMIT 0")).await
}
