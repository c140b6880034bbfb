//! What a changed source schema means for a table: go on, extend the lake table, bootstrap it again, or stop.

use super::{SchemaChange, SourceColumn, TableName, TableSchema};
use crate::error::{Error, Result};

/// The reaction to a source whose schema may have changed since it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// Nothing changed, or only in ways that extending the lake table covers.
    Continue(SchemaChange),
    /// Rows that look unchanged read differently now; only a bootstrap is exact. Holds the reason.
    Bootstrap(String),
}

/// Compares the schema that the lake follows with the source's present one.
///
/// # Errors
/// Kind `Table` for a change that loses data and therefore needs a decision: names column, types and command.
pub fn compare(table: &TableName, old: &TableSchema, new: &TableSchema) -> Result<Drift> {
    if let Some(reason) = other_view(old, new) {
        return Ok(Drift::Bootstrap(reason));
    }
    let mut change = SchemaChange::default();
    for column in &new.columns {
        if let Some(before) = find(&old.columns, |other| other.attnum == column.attnum && other.name == column.name) {
            let (from, to) = (before.kind.lake_type(), column.kind.lake_type());
            if from != to && !widens(&from, &to) {
                return Err(incompatible(table, column, &before.declared));
            }
            change.widened |= from != to;
        }
    }
    if old.key != new.key {
        return Ok(Drift::Bootstrap(format!(
            "its key changed from ({}) to ({})",
            old.key.join(", "),
            new.key.join(", ")
        )));
    }
    for column in &new.columns {
        match find(&old.columns, |other| other.attnum == column.attnum) {
            Some(before) if before.name != column.name => {
                return Ok(Drift::Bootstrap(format!("column {:?} was renamed to {:?}", before.name, column.name)));
            }
            Some(before) if new.key.contains(&column.name) && before.kind.lake_type() != column.kind.lake_type() => {
                return Ok(Drift::Bootstrap(format!("key column {:?} is {} now", column.name, column.declared)));
            }
            None if column.has_missing => {
                return Ok(Drift::Bootstrap(format!("column {:?} was added with a default", column.name)));
            }
            None => change.added.push(column.name.clone()),
            Some(_) => {}
        }
    }
    if old.storage != new.storage {
        return Ok(Drift::Bootstrap("the source rewrote or truncated it".into()));
    }
    Ok(Drift::Continue(change))
}

/// Why unchanged rows look different although the source has not changed them: what we copy, or how, has.
fn other_view(old: &TableSchema, new: &TableSchema) -> Option<String> {
    for column in &new.columns {
        if old.left_out.iter().any(|left_out| left_out.attnum == column.attnum) {
            return Some(format!("column {:?} was left out before", column.name));
        }
        let before = find(&old.columns, |other| other.attnum == column.attnum && other.declared == column.declared);
        if before.is_some_and(|before| (&before.kind, &before.read) != (&column.kind, &column.read)) {
            return Some(format!(
                "column {:?} is read differently now (a setting, or its type's attributes)",
                column.name
            ));
        }
    }
    let left_out = new.left_out.iter().find(|column| old.columns.iter().any(|other| other.attnum == column.attnum));
    left_out.map(|column| format!("column {:?} is left out now", column.name))
}

fn find(columns: &[SourceColumn], wanted: impl Fn(&SourceColumn) -> bool) -> Option<&SourceColumn> {
    columns.iter().find(|column| wanted(column))
}

pub fn incompatible(table: &TableName, column: &SourceColumn, before: &str) -> Error {
    Error::table(format!(
        "column {:?} of {table} changed from {before} to {}, which the lake's column cannot follow without losing data; to \
         bootstrap the table with the new type run: pg2duck resync {}",
        column.name,
        column.declared,
        shell_word(table)
    ))
}

fn shell_word(table: &TableName) -> String {
    let text = table.to_string();
    let plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Whether every value of the DuckDB type `from` is kept exactly by `to`.
pub fn widens(from: &str, to: &str) -> bool {
    let digits = |integer: &str| match integer {
        "SMALLINT" => Some(5),
        "INTEGER" => Some(10),
        "BIGINT" => Some(19),
        _ => None,
    };
    match (from, to) {
        ("SMALLINT", "INTEGER" | "BIGINT") | ("INTEGER", "BIGINT") | ("FLOAT", "DOUBLE") => true,
        ("SMALLINT" | "INTEGER", "DOUBLE") | ("DATE", "TIMESTAMP") => true,
        ("UUID" | "SMALLINT" | "INTEGER" | "BIGINT" | "JSON", "VARCHAR") => true,
        _ => match (decimal(from), decimal(to), digits(from)) {
            (Some((precision, scale)), Some((wider, finer)), _) => finer >= scale && wider - finer >= precision - scale,
            // 15 digits are what a double holds exactly.
            (Some((precision, _)), None, _) => precision <= 15 && to == "DOUBLE",
            (None, Some((precision, scale)), Some(digits)) => precision - scale >= digits,
            _ => false,
        },
    }
}

fn decimal(kind: &str) -> Option<(i32, i32)> {
    let (precision, scale) = kind.strip_prefix("DECIMAL(")?.strip_suffix(')')?.split_once(',')?;
    Some((precision.trim().parse().ok()?, scale.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ColumnType;

    fn column(attnum: i16, name: &str, kind: ColumnType) -> SourceColumn {
        SourceColumn {
            attnum,
            name: name.into(),
            declared: kind.lake_type().to_lowercase(),
            kind,
            read: Default::default(),
            has_missing: false,
        }
    }

    fn schema(columns: &[SourceColumn]) -> TableSchema {
        TableSchema { columns: columns.to_vec(), key: vec!["id".into()], storage: "1".into(), ..Default::default() }
    }

    fn drift(old: &[SourceColumn], new: &[SourceColumn]) -> Result<Drift> {
        compare(&TableName::new("public", "t"), &schema(old), &schema(new))
    }

    #[test]
    fn types_widen_only_where_every_value_is_kept() {
        for (from, to) in [("INTEGER", "BIGINT"), ("DECIMAL(10,2)", "DECIMAL(12,2)"), ("BIGINT", "DECIMAL(19,0)")] {
            assert!(widens(from, to), "{from} → {to}");
            assert!(!widens(to, from), "{to} → {from}");
        }
        assert!(!widens("DECIMAL(10,2)", "DECIMAL(10,4)"));
        assert!(!widens("DECIMAL(18,2)", "DOUBLE") && widens("DECIMAL(12,2)", "DOUBLE"));
        assert!(!widens("VARCHAR", "INTEGER") && !widens("BIGINT", "DOUBLE"));
    }

    #[test]
    fn a_plain_new_column_is_no_reason_to_bootstrap_but_a_default_or_a_rename_is() {
        let id = column(1, "id", ColumnType::Int8);
        let note = column(2, "note", ColumnType::Text);
        let added = SchemaChange { added: vec!["note".into()], widened: false };
        assert_eq!(drift(std::slice::from_ref(&id), &[id.clone(), note.clone()]).ok(), Some(Drift::Continue(added)));
        let filled = SourceColumn { has_missing: true, ..note.clone() };
        assert!(matches!(drift(std::slice::from_ref(&id), &[id.clone(), filled]), Ok(Drift::Bootstrap(_))));
        let renamed = column(2, "remark", ColumnType::Text);
        assert!(matches!(drift(&[id.clone(), note.clone()], &[id.clone(), renamed]), Ok(Drift::Bootstrap(_))));
        let again = column(3, "note", ColumnType::Int4);
        let reset = SchemaChange { added: vec!["note".into()], widened: false };
        assert_eq!(drift(&[id.clone(), note], &[id, again]).ok(), Some(Drift::Continue(reset)));
    }

    #[test]
    fn an_incompatible_change_names_column_types_and_command() {
        let error =
            drift(&[column(2, "n", ColumnType::Text)], &[column(2, "n", ColumnType::Int4)]).expect_err("narrows");
        let text = error.to_string();
        assert!(text.contains("\"n\"") && text.contains("varchar") && text.contains("integer"), "{text}");
        assert!(text.ends_with("pg2duck resync public.t"), "{text}");
    }
}
