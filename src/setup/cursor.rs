//! What a table has of a cursor column: the column, an index that begins with it, a trigger that moves it. Reads catalogs only.

use crate::error::Result;
use crate::model::sql::{literal, quote};
use crate::source::Connection;
use crate::source::connection::get;

/// Whether the table has the column.
pub async fn has_column(source: &mut Connection, oid: u32, column: &str) -> Result<bool> {
    source
        .one(
            &format!(
                "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute \
                   WHERE attrelid = {oid} AND attname = {} AND NOT attisdropped)",
                literal(column)
            ),
            0,
        )
        .await
}

/// Whether a usable index begins with the column.
pub async fn is_indexed(source: &mut Connection, oid: u32, column: &str) -> Result<bool> {
    source
        .one(
            &format!(
                "SELECT EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
                   JOIN pg_catalog.pg_am am ON am.oid = c.relam \
                   JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
                   WHERE i.indrelid = {oid} AND i.indisvalid AND i.indpred IS NULL AND am.amname IN ('btree', 'brin') \
                     AND a.attname = {})",
                literal(column)
            ),
            0,
        )
        .await
}

/// Whether every UPDATE moves a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    Moved,
    /// No enabled row trigger mentions the column.
    Unmoved,
    /// This trigger mentions it, or may.
    Unknown(String),
}

/// Judges by the source text of BEFORE UPDATE row triggers.
pub async fn coverage(source: &mut Connection, oid: u32, column: &str) -> Result<Coverage> {
    // tgtype: 1 row, 2 before, 16 update.
    let rows = source
        .rows(&format!(
            "SELECT t.tgname::text, p.prosrc, t.tgqual IS NULL AND t.tgattr::text = '' AND t.tgenabled IN ('O', 'A'), \
                    p.proname = 'moddatetime' AND encode(t.tgargs, 'escape') = {} || '\\000', l.lanname IN ('plpgsql', 'sql') \
             FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid \
                  JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
             WHERE t.tgrelid = {oid} AND t.tgtype & 19 = 19 ORDER BY t.tgname",
            literal(column)
        ))
        .await?;
    let mut unknown = None;
    for row in &rows {
        let (text, unconditional) = (get::<String>(row, 1)?.to_lowercase(), get::<bool>(row, 2)?);
        let moves = get::<bool>(row, 3)? || assigns(&text, &column.to_lowercase());
        if moves && unconditional {
            return Ok(Coverage::Moved);
        }
        let opaque = !get::<bool>(row, 4)? || text.contains("populate_record");
        if moves || opaque || text.contains(&column.to_lowercase()) {
            unknown = Some(get::<String>(row, 0)?);
        }
    }
    Ok(unknown.map_or(Coverage::Unmoved, Coverage::Unknown))
}

/// Whether PL/pgSQL text assigns `new.column`.
fn assigns(text: &str, column: &str) -> bool {
    let code = text.lines().filter_map(|line| line.split("--").next()).collect::<Vec<_>>().join("\n");
    let squeezed: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    [column.to_owned(), quote(column)].iter().any(|name| {
        let field = format!("new.{name}");
        squeezed.contains(&format!("{field}:="))
            || squeezed.match_indices(&field).any(|(at, _)| {
                let before = &squeezed[..at];
                squeezed[at + field.len()..].starts_with('=') && (before.ends_with(';') || before.ends_with("begin"))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::assigns;

    #[test]
    fn an_assignment_is_told_from_a_comparison() {
        assert!(assigns("begin new.updated_at := now(); return new; end", "updated_at"));
        assert!(assigns("begin\n new.\"updated_at\" = now(); end", "updated_at"));
        assert!(!assigns("begin if new.updated_at = old.updated_at then raise 'x'; end if; end", "updated_at"));
        assert!(!assigns("begin\n -- new.updated_at := now();\n return new; end", "updated_at"));
        assert!(!assigns("begin new.updated_at_2 := now(); end", "updated_at"));
    }
}
