//! What a changed source schema means for a table: go on, let the lake table follow first, or bootstrap it again.
//!
//! Columns are told by their attnum, which Postgres never gives out twice: a renamed column is the same, one that was dropped and
//! added again is another.

use super::{ColumnType, SourceColumn, TableSchema};

/// The reaction to a source whose schema may have changed since it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// It is the same.
    None,
    /// The rows that were read before are still right once the lake table's columns are.
    Follow,
    /// Rows that look unchanged read differently now; only a bootstrap is exact. Holds the reason.
    Bootstrap(String),
}

/// Compares the schema that the lake follows with the source's present one.
pub fn compare(old: &TableSchema, new: &TableSchema) -> Drift {
    if old == new {
        return Drift::None;
    }
    match reason_to_bootstrap(old, new) {
        Some(reason) => Drift::Bootstrap(reason),
        None => Drift::Follow,
    }
}

fn reason_to_bootstrap(old: &TableSchema, new: &TableSchema) -> Option<String> {
    if old.relation != 0 && old.relation != new.relation {
        return Some("the source made it anew".into());
    }
    // The lake of an earlier version knows its columns by their names only.
    let renamed = |column: &&SourceColumn| {
        old.columns.iter().any(|before| (before.attnum == column.attnum) != (before.name == column.name))
    };
    if old.relation == 0
        && let Some(column) = new.columns.iter().find(renamed)
    {
        return Some(format!("column {:?} had another name, or is another one", column.name));
    }
    let columns = new.columns.iter();
    if let Some(reason) = columns.filter_map(|column| reads_differently(old, column)).next() {
        return Some(reason);
    }
    if old.key_attnums() != new.key_attnums() {
        return Some(format!("its key changed from ({}) to ({})", old.key.join(", "), new.key.join(", ")));
    }
    (old.storage != new.storage).then(|| "the source rewrote or truncated it".into())
}

/// Why rows that the source has not changed look different in this column, if they do.
fn reads_differently(old: &TableSchema, column: &SourceColumn) -> Option<String> {
    let name = &column.name;
    if old.left_out.iter().any(|left_out| left_out.attnum == column.attnum) {
        return Some(format!("column {name:?} was left out before"));
    }
    let Some(before) = old.columns.iter().find(|before| before.attnum == column.attnum) else {
        return column.has_missing.then(|| format!("column {name:?} was added with a default"));
    };
    if (&before.kind, &before.read) != (&column.kind, &column.read) && before.declared == column.declared {
        return Some(format!("column {name:?} is read differently now (a setting, or its type's attributes)"));
    }
    if before.expression != column.expression {
        return Some(format!("column {name:?} is computed differently now"));
    }
    let same_values = is_same_type(before.type_oid, column.type_oid) && follows(&before.kind, &column.kind);
    (!same_values).then(|| format!("column {name:?} was {} and is {} now", before.declared, column.declared))
}

/// Whether a column of the one type prints as before once it is of the other, and nothing was rewritten.
fn is_same_type(before: u32, now: u32) -> bool {
    const TEXTS: [u32; 2] = [25, 1043];
    before == 0 || before == now || [before, now].iter().all(|oid| TEXTS.contains(oid))
}

/// Whether a lake column of one type can become one of the other, and every value in it stays what it is.
pub fn follows(from: &ColumnType, to: &ColumnType) -> bool {
    let (from, to) = (from.lake_type(), to.lake_type());
    from == to || widens(&from, &to)
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

/// Whether every value is kept by `to` and reads as it did: the same text, or the same digits of a number.
pub fn reads_alike(from: &str, to: &str) -> bool {
    widens(from, to) && !matches!((from, to), ("DATE", "TIMESTAMP") | ("FLOAT", "DOUBLE"))
}

fn decimal(kind: &str) -> Option<(i32, i32)> {
    let (precision, scale) = kind.strip_prefix("DECIMAL(")?.strip_suffix(')')?.split_once(',')?;
    Some((precision.trim().parse().ok()?, scale.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LeftOut, Read};

    fn column(attnum: i16, name: &str, kind: ColumnType) -> SourceColumn {
        SourceColumn::plain(attnum, name, kind)
    }

    fn schema(columns: &[SourceColumn]) -> TableSchema {
        let key = vec![columns[0].name.clone()];
        TableSchema { relation: 7, columns: columns.to_vec(), key, storage: "1".into(), ..Default::default() }
    }

    fn drift(old: &[SourceColumn], new: &[SourceColumn]) -> Drift {
        compare(&schema(old), &schema(new))
    }

    fn says(drift: Drift, part: &str) -> bool {
        matches!(drift, Drift::Bootstrap(reason) if reason.contains(part))
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
        for (from, to) in [("DATE", "TIMESTAMP"), ("FLOAT", "DOUBLE")] {
            assert!(widens(from, to) && !reads_alike(from, to), "{from} → {to}");
        }
        assert!(reads_alike("INTEGER", "VARCHAR") && !reads_alike("VARCHAR", "INTEGER"));
    }

    #[test]
    fn columns_that_come_go_or_change_their_names_are_followed() {
        let [id, note] = [column(1, "id", ColumnType::Int8), column(2, "note", ColumnType::Text)];
        let [renamed, again] = [column(2, "remark", ColumnType::Text), column(3, "note", ColumnType::Int4)];
        let key = column(1, "order_id", ColumnType::Int8);
        let before = [id.clone(), note.clone()];
        assert_eq!(drift(&before, &before), Drift::None);
        for now in [vec![id.clone()], vec![id.clone(), renamed], vec![id.clone(), again], vec![key, note.clone()]] {
            assert_eq!(drift(&before, &now), Drift::Follow, "{now:?}");
        }
        let filled = SourceColumn { has_missing: true, ..note };
        assert!(says(drift(std::slice::from_ref(&id), &[id.clone(), filled]), "with a default"));
    }

    #[test]
    fn what_makes_unchanged_rows_read_differently_takes_a_bootstrap() {
        let [id, n] = [column(1, "id", ColumnType::Int8), column(2, "n", ColumnType::Int4)];
        let before = [id.clone(), n.clone()];
        let with = |change: &dyn Fn(&mut SourceColumn)| {
            let mut now = n.clone();
            change(&mut now);
            drift(&before, &[id.clone(), now])
        };
        let narrower = with(&|n| (n.kind, n.declared) = (ColumnType::Int2, "smallint".into()));
        assert!(says(narrower, "was integer and is smallint now"));
        assert!(says(with(&|n| n.read = Read::Masked { salt: 1 }), "read differently"));
        assert!(says(with(&|n| n.expression = Some("a * 3".into())), "computed differently"));
        let relabelled = |from, to| {
            let column = |type_oid, declared: &str| SourceColumn { type_oid, declared: declared.into(), ..n.clone() };
            drift(&[id.clone(), column(from, "a")], &[id.clone(), column(to, "b")])
        };
        assert!(says(relabelled(650, 869), "was a and is b now"));
        assert_eq!(relabelled(1043, 25), Drift::Follow);
    }

    #[test]
    fn another_table_another_key_or_other_files_take_a_bootstrap() {
        let before = schema(&[column(1, "id", ColumnType::Int8), column(2, "n", ColumnType::Int4)]);
        let with = |change: &dyn Fn(&mut TableSchema)| {
            let mut now = before.clone();
            change(&mut now);
            compare(&before, &now)
        };
        assert!(says(with(&|now| now.relation = 8), "anew"));
        assert!(says(with(&|now| now.key = vec!["n".into()]), "from (id) to (n)"));
        assert!(says(with(&|now| now.storage = "2".into()), "rewrote"));
        let earlier_version = TableSchema { relation: 0, ..before.clone() };
        let renamed = schema(&[column(1, "id", ColumnType::Int8), column(2, "m", ColumnType::Int4)]);
        assert!(says(compare(&earlier_version, &renamed), "another name"));
        assert_eq!(compare(&earlier_version, &before), Drift::Follow);
        let left_out = LeftOut { attnum: 2, name: "n".into(), unreadable: false };
        let without = with(&|now| {
            now.columns.truncate(1);
            now.left_out = vec![left_out.clone()];
        });
        assert_eq!(without, Drift::Follow);
    }
}
