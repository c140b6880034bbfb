//! Step 2 and 3: rows from the wire become Polars frames, frames become durable Parquet files.

pub mod column;
pub mod copy;
pub mod numeric;
pub mod types;
pub mod wire;

pub mod builder;

pub mod parquet;
pub mod writer;

pub use builder::{BadRow, FrameBuilder};
pub use types::{ColumnType, PgType};

use serde::{Deserialize, Serialize};

/// One column of a table as it travels: its name and its type, in the order of the SELECT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ColumnType,
}
