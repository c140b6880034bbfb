//! Values that the lake's types cannot hold: their rows travel with NULL in their place and, in a column of their own
//! beside the others, with what was left out and why.

use super::column::{nested_list, structure};
use polars::prelude::{ArrayRef, PlSmallStr, PolarsResult, Series};
use polars_arrow::array::MutableBinaryViewArray;

/// The column of a Parquet file that lists the rejected values of its row. Only files with any have it.
pub const COLUMN: &str = "_pg2duck_rejects";
/// The fields of each of its elements.
pub const FIELDS: [&str; 3] = ["column", "value", "reason"];

/// What happens to a value that the lake's type cannot hold (`REJECTS`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RejectPolicy {
    /// The row lands with NULL there, and `_pg2duck.rejects` has the rest.
    #[default]
    Keep,
    /// The table stops.
    Stop,
}

/// The rejected values of one frame.
#[derive(Default)]
pub struct Rejects {
    /// The row of each value; ascending.
    rows: Vec<usize>,
    columns: [MutableBinaryViewArray<str>; 3],
}

impl Rejects {
    /// Notes a value of row `row` of the frame. Rows must come in order.
    pub fn push(&mut self, row: usize, column: &str, value: &str, reason: &str) {
        self.rows.push(row);
        for (array, text) in self.columns.iter_mut().zip([column, value, reason]) {
            array.push_value_ignore_validity(text);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The column for a frame of `height` rows: a list for each, empty for most.
    pub fn finish(self, height: usize) -> PolarsResult<Series> {
        let ends = (0..height).map(|row| self.rows.partition_point(|rejected| *rejected <= row) as i64);
        let offsets = std::iter::once(0).chain(ends).collect();
        let texts = self.columns.map(|array| -> ArrayRef { array.freeze().boxed() });
        let items = structure(FIELDS.map(str::to_owned).into_iter().zip(texts), None);
        Series::try_from((PlSmallStr::from_static(COLUMN), nested_list(vec![offsets], items, None)))
    }
}
