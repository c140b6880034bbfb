//! What a table has of a cursor column: the column, an index that begins with it, a trigger that moves it. Reads catalogs only.

use crate::error::Result;
use crate::model::sql::quote;
use crate::source::Connection;
use crate::source::rows::{self, row};
use crate::source::sql::{Template, Value, template};

const HAS_COLUMN: Template = template!("has_column");
const IS_INDEXED: Template = template!("is_indexed");
const UPDATE_TRIGGERS: Template = template!("update_triggers");

/// Whether the table has the column.
pub async fn has_column(source: &mut Connection, oid: u32, column: &str) -> Result<bool> {
    source.one(&HAS_COLUMN.fill(&[("oid", Value::Oid(oid)), ("column", Value::Text(column))])?, 0).await
}

/// Whether a usable index begins with the column.
pub async fn is_indexed(source: &mut Connection, oid: u32, column: &str) -> Result<bool> {
    source.one(&IS_INDEXED.fill(&[("oid", Value::Oid(oid)), ("column", Value::Text(column))])?, 0).await
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

row! {
    struct UpdateTrigger {
        name: String,
        body: String,
        unconditional: bool,
        is_moddatetime: bool,
        legible: bool,
    }
}

/// Judges by the source text of BEFORE UPDATE row triggers.
pub async fn coverage(source: &mut Connection, oid: u32, column: &str) -> Result<Coverage> {
    let sql = UPDATE_TRIGGERS.fill(&[("oid", Value::Oid(oid)), ("column", Value::Text(column))])?;
    let column = column.to_lowercase();
    let mut unknown = None;
    for trigger in rows::all::<UpdateTrigger>(source, &sql).await? {
        let text = trigger.body.to_lowercase();
        let moves = trigger.is_moddatetime || assigns(&text, &column);
        if moves && trigger.unconditional {
            return Ok(Coverage::Moved);
        }
        let opaque = !trigger.legible || text.contains("populate_record");
        if moves || opaque || text.contains(&column) {
            unknown = Some(trigger.name);
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
