//! What the lake makes of a Parquet column's values.

use crate::model::ColumnType;
use crate::model::sql::{literal, quote};

impl ColumnType {
    /// The DuckDB expression that turns the Parquet column into the lake's value.
    pub fn from_parquet(&self, column: &str) -> String {
        self.convert(&quote(column), 0)
    }

    fn convert(&self, value: &str, depth: usize) -> String {
        match self {
            Self::Interval => interval(value),
            Self::List { item, dimensions } if item.holds_intervals() => {
                let inner = match dimensions {
                    0 | 1 => (**item).clone(),
                    more => Self::List { item: item.clone(), dimensions: more - 1 },
                };
                format!("list_transform({value}, lambda x{depth}: {})", inner.convert(&format!("x{depth}"), depth + 1))
            }
            Self::Struct(fields) if self.holds_intervals() => {
                let fields = fields.iter().map(|field| {
                    let part = format!("struct_extract({value}, {})", literal(&field.name));
                    format!("{} := {}", quote(&field.name), field.kind.convert(&part, depth + 1))
                });
                let packed = fields.collect::<Vec<_>>().join(", ");
                format!("CASE WHEN {value} IS NOT NULL THEN struct_pack({packed}) END")
            }
            _ => format!("{value}::{}", self.lake_type()),
        }
    }

    fn holds_intervals(&self) -> bool {
        match self {
            Self::Interval => true,
            Self::List { item, .. } => item.holds_intervals(),
            Self::Struct(fields) => fields.iter().any(|field| field.kind.holds_intervals()),
            _ => false,
        }
    }
}

fn interval(value: &str) -> String {
    let field = |name: &str| format!("struct_extract({value}, {})", literal(name));
    format!(
        "CASE WHEN {value} IS NOT NULL THEN to_months({}) + to_days({}) + to_microseconds({}) END",
        field("months"),
        field("days"),
        field("microseconds")
    )
}
