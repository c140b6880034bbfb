//! SQL that is safe by type: names and texts quote themselves, and a statement is made of nothing else.
//!
//! Postgres, DuckDB and SQLite share both rules: names in `"`, every `"` inside doubled; texts in `'`, every `'` inside doubled.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

/// A name, quoted where it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ident<'a>(pub &'a str);

impl Display for Ident<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// A text, quoted where it is written. Both databases read it alike as long as it is no `E''`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lit<'a>(pub &'a str);

impl Display for Lit<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\'', "''"))
    }
}

/// A statement, or a part of one. [`sql!`](crate::sql) makes it of a text in the source code, names, texts, numbers, and other parts; a
/// plain `String` is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sql(Cow<'static, str>);

impl Sql {
    /// A text of the source code.
    pub const fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// A text that was put together of quoted parts elsewhere: a type's name, an expression that reads a column.
    pub fn trusted(text: String) -> Self {
        Self(Cow::Owned(text))
    }

    /// What [`sql!`](crate::sql) has put together.
    pub fn of(parts: fmt::Arguments<'_>) -> Self {
        Self(Cow::Owned(parts.to_string()))
    }

    /// The parts, with this text of the source code between them.
    pub fn join(parts: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        Self::trusted(parts.into_iter().map(|part| part.0.into_owned()).collect::<Vec<_>>().join(between))
    }

    /// Names, with commas between them.
    pub fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self::join(names.into_iter().map(|name| Self::trusted(Ident(name).to_string())), ", ")
    }

    /// The text, for the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Display for Sql {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What may stand in a statement as it is.
pub trait SqlPart: Display {}

impl SqlPart for Ident<'_> {}
impl SqlPart for Lit<'_> {}
impl SqlPart for Sql {}
impl SqlPart for bool {}
impl SqlPart for u32 {}
impl SqlPart for u64 {}
impl SqlPart for usize {}
impl<T: SqlPart + ?Sized> SqlPart for &T {}

/// Lets through only what may stand in a statement.
pub fn part(part: &impl SqlPart) -> &impl SqlPart {
    part
}

/// A statement: `sql!("DELETE FROM {} WHERE {} = {}", table, Ident("id"), 7_u64)`.
///
/// Everything in braces is an argument of type [`SqlPart`](crate::model::sql::SqlPart); names cannot be captured from around it, so that
/// no plain text slips in.
#[macro_export]
macro_rules! sql {
    ($text:literal $(, $name:ident = $argument:expr)+ $(,)?) => {
        $crate::model::sql::Sql::of(format_args!(concat!($text), $($name = $crate::model::sql::part(&$argument)),+))
    };
    ($text:literal $(, $argument:expr)* $(,)?) => {
        $crate::model::sql::Sql::of(format_args!(concat!($text), $($crate::model::sql::part(&$argument)),*))
    };
}

/// Quotes one name.
pub fn quote(identifier: &str) -> String {
    Ident(identifier).to_string()
}

/// Quotes a text.
pub fn literal(text: &str) -> String {
    Lit(text).to_string()
}

/// Quotes and joins identifiers with commas: `"a", "b"`.
pub fn quote_list<'a>(identifiers: impl IntoIterator<Item = &'a str>) -> String {
    Sql::names(identifiers).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_everything_else_is_kept() {
        assert_eq!(Ident(r#"Order "Items""#).to_string(), r#""Order ""Items""""#);
        assert_eq!(Lit("it's").to_string(), "'it''s'");
        assert_eq!(quote_list(["a", "select"]), r#""a", "select""#);
    }

    #[test]
    fn a_statement_is_made_of_parts_that_quote_themselves() {
        let table = Sql::join([sql!("{}", Ident("a.b")), sql!("{}", Ident("c"))], ".");
        let statement =
            sql!("DELETE FROM {table} WHERE v = {v} AND n < {most}", table = table, v = Lit("it's"), most = 7_u64);
        assert_eq!(statement.as_str(), r#"DELETE FROM "a.b"."c" WHERE v = 'it''s' AND n < 7"#);
    }
}
