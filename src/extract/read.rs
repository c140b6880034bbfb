//! Runs one COPY and turns its stream into frames.

use super::connect::{Connection, statement_error};
use crate::error::{Error, Kind, Result};
use crate::frame::copy::CopyDecoder;
use crate::frame::{BadRow, Frame, FrameBuilder};
use futures_util::TryStreamExt;
use std::ops::ControlFlow;

/// Streams the rows of `copy` through `builder`, hands every frame to `frame` and every row's transaction to `xid`.
/// Returns the number of rows.
///
/// `frame` may break off; the connection is then in the middle of a stream and must be dropped by the caller.
///
/// # Errors
/// `Stopped` when `frame` broke off; `Table` for rows that cannot be represented (the stream is read to its end, so the
/// connection stays usable); what the server said otherwise.
pub async fn rows(
    source: &mut Connection,
    copy: &str,
    builder: &mut FrameBuilder,
    mut xid: impl FnMut(u32),
    mut frame: impl AsyncFnMut(Frame) -> ControlFlow<()>,
) -> Result<u64> {
    let mut decoder = CopyDecoder::new(builder.fields());
    let mut rows = 0;
    let mut stream = source.session.copy_out_raw(copy).await.map_err(|error| statement_error(&error))?;
    while let Some(chunk) = stream.try_next().await.map_err(|error| statement_error(&error))? {
        let decoded = decoder.feed(&chunk, |row| {
            xid(builder.push(row)?);
            rows += 1;
            Ok::<(), BadRow>(())
        });
        if let Err(bad) = decoded {
            while stream.try_next().await.map_err(|error| statement_error(&error))?.is_some() {}
            return Err(Error::table(format!("read rows: {bad}")));
        }
        if builder.is_full() && frame(take(builder)?).await.is_break() {
            return Err(Error::stopped());
        }
    }
    decoder.finish().map_err(|error| Error::new(Kind::Source, format!("read rows: {error}")))?;
    if !builder.is_empty() && frame(take(builder)?).await.is_break() {
        return Err(Error::stopped());
    }
    Ok(rows)
}

fn take(builder: &mut FrameBuilder) -> Result<Frame> {
    builder.take().map_err(|error| Error::new(Kind::Source, format!("build a frame: {error}")))
}
