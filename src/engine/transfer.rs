//! One COPY from the source into durable Parquet batches: steps 1 to 3 for one query.

use super::Shutdown;
use crate::error::Result;
use crate::extract::{Connection, read};
use crate::frame::FrameBuilder;
use crate::frame::parquet::Batch;
use crate::frame::writer::{BatchWriter, Destination};
use std::ops::ControlFlow;

/// Streams the rows of `copy` into batches; reading and writing go on at the same time. `note_xid` sees
/// every row's transaction, `note_rows` every frame's number of rows.
///
/// # Errors
/// Whatever failed first; no batch of this COPY remains then. After any kind but `Table` the connection may be in the
/// middle of a stream and must be dropped.
pub async fn copy_out(
    source: &mut Connection,
    copy: &str,
    destination: Destination,
    shutdown: &Shutdown,
    note_xid: impl FnMut(u32),
    mut note_rows: impl FnMut(u64),
) -> Result<Vec<Batch>> {
    let table = destination.table.clone();
    let mut builder = FrameBuilder::new(&destination.columns, destination.batch_size, destination.rejects);
    let writer = BatchWriter::start(destination);
    let read = read::rows(source, copy, &mut builder, note_xid, async |frame| {
        note_rows(frame.rows.height() as u64);
        if shutdown.is_requested() { ControlFlow::Break(()) } else { writer.write(frame).await }
    })
    .await;
    match read {
        Ok(_) => writer.finish().await,
        // A failed write breaks off the read, and is the cause then.
        Err(error) => match writer.abandon().await {
            Ok(()) => Err(error.during(format!("read {table}"))),
            Err(cause) => Err(cause),
        },
    }
}
