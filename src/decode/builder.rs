//! Frames: rows are pushed field by field until the frame is full, by rows or by bytes.

use super::column::ColumnBuilder;
use super::copy::{BadStream, Row};
use super::rejects::Rejects;
use super::text::text;
use super::value::BadValue;
use super::wire;
use crate::model::sql::quote;
use crate::model::{Column, RejectPolicy, TableName};
use polars::prelude::{DataFrame, PolarsResult};

/// Why a row cannot be taken. Names the column, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRow {
    #[error(
        "column {column:?}: {why}; REJECTS=keep copies such rows with NULL there and lists the values in _pg2duck.rejects"
    )]
    Rejected { column: String, why: String },
    #[error("column {column:?}: {why}")]
    Malformed { column: String, why: BadValue },
    #[error("{0}")]
    Stream(#[from] BadStream),
}

/// A frame and what the lake cannot hold of it.
pub struct Frame {
    pub rows: DataFrame,
    /// Rejected values, listed in the frame's last column if there are any.
    pub rejects: u64,
}

/// A frame is also full at this many bytes of values, so that wide rows do not cost memory by the batch.
const FULL_BYTES: usize = 64 << 20;

/// Builds one frame after another from wire rows. Rows end with the system column `xmin`, which is handed out apart.
pub struct FrameBuilder {
    columns: Vec<(String, ColumnBuilder)>,
    rejects: Rejects,
    policy: RejectPolicy,
    /// The variable that says what a column of this table is read as.
    types: String,
    batch_size: usize,
    rows: usize,
    bytes: usize,
}

impl FrameBuilder {
    /// Frames of at most `batch_size` rows with these columns.
    pub fn new(columns: &[Column], batch_size: usize, policy: RejectPolicy) -> Self {
        let columns =
            columns.iter().map(|column| (column.name.clone(), ColumnBuilder::new(column.kind.clone()))).collect();
        let types = "SYNC_TABLE_<NAME>_TYPE".into();
        Self { columns, rejects: Rejects::default(), policy, types, batch_size, rows: 0, bytes: 0 }
    }

    /// With advice for this table.
    #[must_use]
    pub fn of_table(self, table: &TableName) -> Self {
        Self { types: table.variable("TYPE"), ..self }
    }

    /// Fields that each row must have: the columns and `xmin`.
    pub fn fields(&self) -> usize {
        self.columns.len() + 1
    }

    /// Takes one row; returns the transaction id that wrote it.
    ///
    /// # Errors
    /// A value that cannot be represented, where that stops the table, or bytes that are no value at all; the builder must
    /// then be discarded.
    pub fn push(&mut self, row: Row<'_>) -> Result<u32, BadRow> {
        let mut fields = row.fields();
        for (name, builder) in &mut self.columns {
            let field = fields.next().flatten();
            self.bytes += field.map_or(1, <[u8]>::len);
            match (builder.push(field), self.policy) {
                (Ok(()), _) => {}
                (Err(why @ BadValue::Malformed), _) => return Err(BadRow::Malformed { column: name.clone(), why }),
                (Err(why), RejectPolicy::Stop) => {
                    return Err(BadRow::Rejected { column: name.clone(), why: reason(why, &self.types, name) });
                }
                (Err(why), RejectPolicy::Keep) => {
                    let value = text(builder.kind(), field.unwrap_or_default());
                    self.bytes += value.len();
                    self.rejects.push(self.rows, name, &value, &reason(why, &self.types, name));
                    builder.push_null();
                }
            }
        }
        self.rows += 1;
        let xmin = fields.next().flatten().unwrap_or_default();
        let xmin = wire::fixed(xmin).map_err(|why| BadRow::Malformed { column: "xmin".into(), why })?;
        Ok(u32::from_be_bytes(xmin))
    }

    /// Whether the frame should be taken now.
    pub fn is_full(&self) -> bool {
        self.rows >= self.batch_size || self.bytes >= FULL_BYTES
    }

    /// Whether there are no rows since the last frame was taken.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The frame so far; the builder starts the next one.
    ///
    /// # Errors
    /// Polars refuses the columns, which would be a defect of ours.
    pub fn take(&mut self) -> PolarsResult<Frame> {
        let height = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let rejects = std::mem::take(&mut self.rejects);
        let count = rejects.len() as u64;
        let columns = self.columns.iter_mut().map(|(name, builder)| Ok(builder.finish(name)?.into()));
        let mut columns = columns.collect::<PolarsResult<Vec<_>>>()?;
        if count > 0 {
            columns.push(rejects.finish(height)?.into());
        }
        Ok(Frame { rows: DataFrame::new(height, columns)?, rejects: count })
    }
}

/// Why a value is rejected, with the setting that holds it where the column's type cannot be blamed: Postgres does not enforce how
/// many dimensions an array has.
fn reason(why: BadValue, types: &str, column: &str) -> String {
    let plain = !column.contains([',', ':', '"']) && column.trim() == column;
    match why {
        BadValue::Dimensions { .. } if plain => format!("{why}; {types}={column}:json holds it"),
        BadValue::Dimensions { .. } => format!("{why}; {types}={}:json holds it", quote(column)),
        _ => why.to_string(),
    }
}
