//! Step 3: frames become durable Parquet files.

pub mod check;
pub mod write;
pub mod writer;

pub use writer::{BatchWriter, ParquetSink};
