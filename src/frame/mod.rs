//! Step 2 and 3: rows from the wire become Polars frames, frames become durable Parquet files.

pub mod select;
pub mod types;

pub mod column_type;
pub mod copy;
pub mod numeric;
pub mod value;
pub mod wire;

pub mod column;
pub mod rejects;
pub mod text;

pub mod builder;

pub mod parquet;
pub mod writer;

#[cfg(test)]
mod documentation;

pub use builder::{BadRow, Frame, FrameBuilder};
pub use column_type::ColumnType;
pub use rejects::RejectPolicy;
pub use select::Read;
pub use types::{NumericAs, PgType};

use serde::{Deserialize, Serialize};

/// One column of a table as it travels: its name and its type, in the order of the SELECT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ColumnType,
}

/// What a version's file tells beside the source's columns: what was done to the row, when, in which order, and what it was
/// before.
pub fn version_columns() -> [Column; 4] {
    let column = |name: &str, kind| Column { name: name.into(), kind };
    [
        column("_pg2duck_op", ColumnType::Text),
        column("_pg2duck_at", ColumnType::TimestampTz),
        column("_pg2duck_seq", ColumnType::Int8),
        column("_pg2duck_before", ColumnType::Json),
    ]
}
