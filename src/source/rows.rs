//! Rows become values by the names of their columns.

use super::connection::Connection;
use crate::error::{Error, Kind, Result};
use sqlx::postgres::PgRow;

/// What a row of one query holds.
pub trait FromRow: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// `Internal`: the query answers something else.
    fn from_row(row: &PgRow) -> Result<Self>;
}

/// A struct whose fields are the columns of a query, by name.
macro_rules! row {
    ($(#[$about:meta])* $visible:vis struct $name:ident {
        $($(#[$about_field:meta])* $field_visible:vis $field:ident: $type:ty,)*
    }) => {
        $(#[$about])*
        $visible struct $name { $($(#[$about_field])* $field_visible $field: $type,)* }

        impl $crate::source::rows::FromRow for $name {
            fn from_row(row: &sqlx::postgres::PgRow) -> $crate::error::Result<Self> {
                Ok(Self { $($field: $crate::source::rows::column(row, stringify!($field))?,)* })
            }
        }
    };
}
pub(crate) use row;

/// All rows of a query.
///
/// # Errors
/// What the server said.
pub async fn all<T: FromRow>(source: &mut Connection, sql: &str) -> Result<Vec<T>> {
    source.rows(sql).await?.iter().map(T::from_row).collect()
}

/// The only row of a query.
///
/// # Errors
/// What the server said; `Source`: it answered no row.
pub async fn one<T: FromRow>(source: &mut Connection, operation: &str, sql: &str) -> Result<T> {
    T::from_row(&source.row(operation, sql).await?)
}

/// One column of a row.
///
/// # Errors
/// `Source`: it is not there, or of another type.
pub fn column<'r, T>(row: &'r PgRow, name: &str) -> Result<T>
where
    T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    use sqlx::Row;
    row.try_get(name)
        .map_err(|error| Error::new(Kind::Source, format!("read column {name} of a query's answer: {error}")))
}
