//! What the lake makes of a Parquet column's values.

use crate::model::ColumnType;
use crate::model::sql::{Ident, Lit, Sql};
use crate::sql;

impl ColumnType {
    /// The DuckDB type of the lake column, as a part of a statement.
    pub(super) fn in_sql(&self) -> Sql {
        Sql::trusted(self.lake_type())
    }

    /// The DuckDB expression that turns the Parquet column into the lake's value.
    pub(super) fn lake_value(&self, column: &str) -> Sql {
        self.convert(&sql!("{}", Ident(column)), 0)
    }

    fn convert(&self, value: &Sql, depth: usize) -> Sql {
        match self {
            Self::Interval => interval(value),
            Self::List { item, dimensions } if item.holds_intervals() => {
                let inner = match dimensions {
                    0 | 1 => (**item).clone(),
                    more => Self::List { item: item.clone(), dimensions: more - 1 },
                };
                let element = sql!("x{}", depth);
                sql!("list_transform({}, lambda {}: {})", value, element, inner.convert(&element, depth + 1))
            }
            Self::Struct(fields) if self.holds_intervals() => {
                let fields = fields.iter().map(|field| {
                    let part = sql!("struct_extract({}, {})", value, Lit(&field.name));
                    sql!("{} := {}", Ident(&field.name), field.kind.convert(&part, depth + 1))
                });
                sql!("CASE WHEN {} IS NOT NULL THEN struct_pack({}) END", value, Sql::join(fields, ", "))
            }
            _ => sql!("{}::{}", value, self.in_sql()),
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

fn interval(value: &Sql) -> Sql {
    let field = |name| sql!("struct_extract({}, {})", value, Lit(name));
    sql!(
        "CASE WHEN {} IS NOT NULL THEN to_months({}) + to_days({}) + to_microseconds({}) END",
        value,
        field("months"),
        field("days"),
        field("microseconds")
    )
}
