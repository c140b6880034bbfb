//! Values that the lake's types cannot hold: their rows travel with NULL in their place and, in a column of their own
//! beside the others, with what was left out and why.

use super::column::{nested_list, structure};
use crate::model::batch::{REJECT_FIELDS, REJECTS};
use polars::prelude::{ArrayRef, PlSmallStr, PolarsResult, Series};
use polars_arrow::array::MutableBinaryViewArray;

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
        let items = structure(REJECT_FIELDS.map(str::to_owned).into_iter().zip(texts), None);
        Series::try_from((PlSmallStr::from_static(REJECTS), nested_list(vec![offsets], items, None)?))
    }
}
