//! What a changed source schema means for the lake: go on, extend the table, copy it afresh, or stop it.

use super::table::LakeColumn;
use crate::error::{Error, Result};
use crate::extract::columns::SourceColumn;
use crate::names::{TableName, quote};
use crate::state::{Layout, Pending};
use serde::{Deserialize, Serialize};

/// The reaction to a source whose layout may have changed since it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// Nothing changed, or only in ways that extending the lake table covers.
    Continue(Reshape),
    /// Rows that look unchanged read differently now; only a full copy is exact. Holds the reason.
    CopyAfresh(String),
}

/// How the lake table must change before rows of the new layout land.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reshape {
    /// Columns that the source has added: NULL in every row that was there before.
    pub added: Vec<String>,
    /// Some column has a wider type.
    pub widened: bool,
}

impl Reshape {
    /// Whether the lake table can stay as it is.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && !self.widened
    }
}

/// Compares the layout that the lake follows with the source's present one.
///
/// # Errors
/// Kind `Table` for a change that loses data and therefore needs a decision: names column, types and command.
pub fn compare(table: &TableName, old: &Layout, new: &Layout) -> Result<Drift> {
    if let Some(reason) = other_view(old, new) {
        return Ok(Drift::CopyAfresh(reason));
    }
    let mut reshape = Reshape::default();
    for column in &new.columns {
        if let Some(before) = find(&old.columns, |other| other.attnum == column.attnum && other.name == column.name) {
            let (from, to) = (before.kind.lake_type(), column.kind.lake_type());
            if from != to && !widens(&from, &to) {
                return Err(incompatible(table, column, &before.declared));
            }
            reshape.widened |= from != to;
        }
    }
    if old.key != new.key {
        return Ok(Drift::CopyAfresh(format!(
            "its key changed from ({}) to ({})",
            old.key.join(", "),
            new.key.join(", ")
        )));
    }
    for column in &new.columns {
        match find(&old.columns, |other| other.attnum == column.attnum) {
            Some(before) if before.name != column.name => {
                return Ok(Drift::CopyAfresh(format!("column {:?} was renamed to {:?}", before.name, column.name)));
            }
            Some(before) if new.key.contains(&column.name) && before.kind.lake_type() != column.kind.lake_type() => {
                return Ok(Drift::CopyAfresh(format!("key column {:?} is {} now", column.name, column.declared)));
            }
            None if column.has_missing => {
                return Ok(Drift::CopyAfresh(format!("column {:?} was added with a default", column.name)));
            }
            None => reshape.added.push(column.name.clone()),
            Some(_) => {}
        }
    }
    if old.storage != new.storage {
        return Ok(Drift::CopyAfresh("the source rewrote or truncated it".into()));
    }
    Ok(Drift::Continue(reshape))
}

/// Why unchanged rows look different although the source has not changed them: what we copy, or how, has.
fn other_view(old: &Layout, new: &Layout) -> Option<String> {
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

fn incompatible(table: &TableName, column: &SourceColumn, before: &str) -> Error {
    Error::table(format!(
        "column {:?} of {table} changed from {before} to {}, which the lake's column cannot follow without losing data; to copy \
         the table afresh with the new type run: pg2duck resync {}",
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

/// The ALTER statements that let the lake table hold these columns. Must run before any DELETE of the same transaction:
/// DuckDB 1.5 reports false duplicate keys otherwise.
///
/// # Errors
/// Kind `Table`: a lake column has a type that does not widen into the source's.
pub fn extend(pending: &Pending, present: &[LakeColumn]) -> Result<Vec<String>> {
    let Pending { lake, table, layout, .. } = pending;
    let mut statements = Vec::new();
    for column in &layout.columns {
        let wanted = column.kind.lake_type();
        let alter =
            format!("ALTER TABLE {} ALTER COLUMN {} SET DATA TYPE {wanted}", lake.quoted(), quote(&column.name));
        // DuckDB compares column names without case.
        match present.iter().find(|own| own.name.to_lowercase() == column.name.to_lowercase()) {
            None => {
                statements.push(format!("ALTER TABLE {} ADD COLUMN {} {wanted}", lake.quoted(), quote(&column.name)))
            }
            // A column of this name was dropped once; what it held is not the new column's.
            Some(_) if pending.reshape.added.contains(&column.name) => {
                statements.push(format!("{alter} USING CAST(NULL AS {wanted})"));
            }
            Some(own) if same_type(&own.kind, &wanted) => {}
            Some(own) if widens(&own.kind, &wanted) => statements.push(alter),
            Some(own) => return Err(incompatible(table, column, &format!("{} in the lake", own.kind))),
        }
    }
    Ok(statements)
}

/// DuckDB quotes the names inside a STRUCT only where it must.
fn same_type(left: &str, right: &str) -> bool {
    left.replace('"', "") == right.replace('"', "")
}

/// Whether every value of the DuckDB type `from` is kept exactly by `to`.
fn widens(from: &str, to: &str) -> bool {
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
    use crate::frame::ColumnType;

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

    fn layout(columns: &[SourceColumn]) -> Layout {
        Layout { columns: columns.to_vec(), key: vec!["id".into()], storage: "1".into(), ..Default::default() }
    }

    fn drift(old: &[SourceColumn], new: &[SourceColumn]) -> Result<Drift> {
        compare(&TableName::new("public", "t"), &layout(old), &layout(new))
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
    fn a_plain_new_column_is_no_reason_to_copy_afresh_but_a_default_or_a_rename_is() {
        let id = column(1, "id", ColumnType::Int8);
        let note = column(2, "note", ColumnType::Text);
        let added = Reshape { added: vec!["note".into()], widened: false };
        assert_eq!(drift(std::slice::from_ref(&id), &[id.clone(), note.clone()]).ok(), Some(Drift::Continue(added)));
        let filled = SourceColumn { has_missing: true, ..note.clone() };
        assert!(matches!(drift(std::slice::from_ref(&id), &[id.clone(), filled]), Ok(Drift::CopyAfresh(_))));
        let renamed = column(2, "remark", ColumnType::Text);
        assert!(matches!(drift(&[id.clone(), note.clone()], &[id.clone(), renamed]), Ok(Drift::CopyAfresh(_))));
        let again = column(3, "note", ColumnType::Int4);
        let reset = Reshape { added: vec!["note".into()], widened: false };
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
