//! One COPY from the source into durable Parquet batches: steps 1 to 3 for one query.

use super::Shutdown;
use crate::decode::copy::CopyDecoder;
use crate::decode::{BadRow, Frame, FrameBuilder};
use crate::error::{Error, Kind, Result};
use crate::model::Batch;
use crate::parquet::{BatchWriter, ParquetSink};
use crate::source::{Connection, read};
use std::ops::ControlFlow;

/// Streams the rows of `query` into batches; reading and writing go on at the same time. `row_xid` sees every row's transaction,
/// `frame_rows` every frame's number of rows.
///
/// # Errors
/// Whatever failed first; no batch of this query remains then. After any of them the connection may be in doubt.
pub async fn transfer(
    source: &mut Connection,
    query: &str,
    sink: ParquetSink,
    shutdown: &Shutdown,
    mut row_xid: impl FnMut(u32),
    mut frame_rows: impl FnMut(u64),
) -> Result<Vec<Batch>> {
    let table = sink.table.clone();
    let mut builder = FrameBuilder::new(&sink.columns, sink.batch_size, sink.rejects).of_table(&table);
    let mut decoder = CopyDecoder::new(builder.fields());
    let writer = BatchWriter::start(sink);
    let mut hand_over = async |frame: Frame| {
        frame_rows(frame.rows.height() as u64);
        if shutdown.is_requested() { ControlFlow::Break(()) } else { writer.write(frame).await }
    };
    let read = async {
        read::copy(source, query, async |bytes| {
            let decoded = decoder.feed(bytes, |row| {
                row_xid(builder.push(row)?);
                Ok::<(), BadRow>(())
            });
            decoded.map_err(|bad| Error::table(format!("read rows: {bad}")).lasting())?;
            if builder.is_full() { Ok(hand_over(take(&mut builder)?).await) } else { Ok(ControlFlow::Continue(())) }
        })
        .await?;
        decoder.finish().map_err(|error| Error::new(Kind::Source, format!("read rows: {error}")))?;
        if !builder.is_empty() && hand_over(take(&mut builder)?).await.is_break() {
            return Err(Error::stopped());
        }
        Ok(())
    };
    match read.await {
        Ok(()) => writer.finish().await,
        // A failed write breaks off the read, and is the cause then.
        Err(error) => match writer.abandon().await {
            Ok(()) => Err(error.during(format!("read {table}"))),
            Err(cause) => Err(cause),
        },
    }
}

fn take(builder: &mut FrameBuilder) -> Result<Frame> {
    builder.take().map_err(|error| Error::internal(format!("build a frame: {error}")))
}
