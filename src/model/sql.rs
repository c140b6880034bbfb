//! Names and texts in SQL: quoting, the same rule in Postgres, DuckDB and SQLite.

/// Quotes one identifier part. Postgres and DuckDB share the rule: wrap in `"`, double every `"` inside.
pub fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// Quotes a string literal. Both databases read it the same way as long as it holds no backslash escapes (`E''`).
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Quotes and joins identifiers with commas: `"a", "b"`.
pub fn quote_list<'a>(identifiers: impl IntoIterator<Item = &'a str>) -> String {
    identifiers.into_iter().map(quote).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_everything_else_is_kept() {
        assert_eq!(quote(r#"Order "Items""#), r#""Order ""Items""""#);
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(quote_list(["a", "select"]), r#""a", "select""#);
    }
}
