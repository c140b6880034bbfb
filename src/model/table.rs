//! A source table: its kind, its columns, its key, and what finds its changed rows.

use super::mode::{MetadataColumn, SYNCED_AT};
use super::{ColumnType, Mode, Read};
use serde::{Deserialize, Serialize};

/// A column that is copied, with what drift needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceColumn {
    /// The position that Postgres never reuses: tells a rename from a drop and an add.
    pub attnum: i16,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ColumnType,
    #[serde(default)]
    pub read: Read,
    /// The type as the source declares it, for messages: `numeric(12,2)`.
    pub declared: String,
    /// The type's oid, domains looked through; 0 where an earlier version wrote this.
    #[serde(default)]
    pub type_oid: u32,
    /// Rows older than the column read its default although they were never rewritten.
    pub has_missing: bool,
    /// What tells the expression of a virtual generated column from another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

impl SourceColumn {
    /// The column as it travels.
    pub fn column(&self) -> super::Column {
        super::Column { name: self.name.clone(), kind: self.kind.clone() }
    }

    /// Whether only hashes of its values leave the source.
    pub fn is_masked(&self) -> bool {
        matches!(self.read, Read::Masked { .. })
    }
}

#[cfg(test)]
impl SourceColumn {
    /// A column that is read as it is.
    pub fn plain(attnum: i16, name: &str, kind: ColumnType) -> Self {
        Self {
            attnum,
            name: name.into(),
            declared: kind.lake_type().to_lowercase(),
            kind,
            read: Read::AsIs,
            type_oid: 0,
            has_missing: false,
            expression: None,
        }
    }
}

/// A column that is not copied: by choice, or because the role may not read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub attnum: i16,
    pub name: String,
    /// The role may not read it: what the lake holds of it stays. What is left out by choice leaves the lake.
    #[serde(default)]
    pub unreadable: bool,
}

/// A table's shape when it was read: what drift is measured against.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSchema {
    /// The source's oid of the table; 0 where an earlier version wrote this.
    #[serde(default)]
    pub relation: u32,
    pub columns: Vec<SourceColumn>,
    /// Names of the key columns, in key order.
    pub key: Vec<String>,
    /// The source's own unique index proves that the key is one.
    #[serde(default)]
    pub key_proven: bool,
    #[serde(default)]
    pub mode: Mode,
    /// Each row tells which cycle wrote it (`SYNCED_AT`).
    #[serde(default)]
    pub synced_at: bool,
    /// Fingerprint of the table's files in the source: changes whenever they are rewritten (TRUNCATE, VACUUM FULL, a rewriting
    /// ALTER, a new partition).
    pub storage: String,
    /// Columns that are not copied.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
}

impl TableSchema {
    /// A virtual generated column that is copied: no trigger is given its value, so what triggers record does not have it.
    pub fn virtual_column(&self) -> Option<&SourceColumn> {
        self.columns.iter().find(|column| column.expression.is_some())
    }

    /// Columns as they travel.
    pub fn travelling(&self) -> Vec<super::Column> {
        self.columns.iter().map(SourceColumn::column).collect()
    }

    /// The key's columns, in key order.
    pub fn key_columns(&self) -> impl Iterator<Item = &SourceColumn> {
        self.key.iter().filter_map(|name| self.columns.iter().find(|column| column.name == *name))
    }

    /// What tells the key's columns from others, in key order.
    pub fn key_attnums(&self) -> Vec<i16> {
        self.key_columns().map(|column| column.attnum).collect()
    }

    /// Whether its rows are told apart by the same columns, read in the same way.
    pub fn has_key_of(&self, other: &Self) -> bool {
        let of = |schema: &Self| -> Vec<(i16, ColumnType, Read)> {
            schema.key_columns().map(|column| (column.attnum, column.kind.clone(), column.read.clone())).collect()
        };
        of(self) == of(other)
    }

    /// The columns that the lake table has beside the source's.
    pub fn metadata(&self) -> Vec<MetadataColumn> {
        let own = self.mode.metadata().iter().copied();
        let asked = (self.synced_at && self.mode.has_one_row_per_key()).then_some(SYNCED_AT);
        own.chain(asked).collect()
    }

    /// What this column was called, if settings hid it: left out, or masked.
    pub fn hidden_name(&self, attnum: i16) -> Option<&str> {
        let left_out =
            self.left_out.iter().filter(|column| !column.unreadable).map(|column| (column.attnum, &column.name));
        let masked =
            self.columns.iter().filter(|column| column.is_masked()).map(|column| (column.attnum, &column.name));
        left_out.chain(masked).find(|(own, _)| *own == attnum).map(|(_, name)| name.as_str())
    }

    /// The names of the columns that settings hide.
    pub fn hidden_names(&self) -> impl Iterator<Item = &String> {
        let left_out = self.left_out.iter().filter(|column| !column.unreadable).map(|column| &column.name);
        left_out.chain(self.columns.iter().filter(|column| column.is_masked()).map(|column| &column.name))
    }

    /// The first key column, where both databases order its values alike.
    pub fn range_column(&self) -> Option<&SourceColumn> {
        let first = self.key_columns().next()?;
        let is_text = ["text", "character varying", "name"].iter().any(|name| first.declared.starts_with(name));
        let ordered = match &first.kind {
            ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Oid | ColumnType::Uuid => true,
            ColumnType::Text => is_text,
            _ => false,
        };
        (ordered && first.read == Read::AsIs).then_some(first)
    }
}

/// `pg_class.relkind`, as far as we read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationKind {
    Table,
    Partitioned,
    View,
    /// Materialized view, foreign table, or a table with parts that are not heaps: no `xmin`.
    Other,
}

impl RelationKind {
    /// Whether its rows tell which transaction wrote them.
    pub fn has_xmin(self) -> bool {
        matches!(self, Self::Table | Self::Partitioned)
    }
}

/// What finds changed rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// A range of this time column, and `xmin`.
    Column { name: String, kind: CursorKind, nullable: bool },
    /// `xmin` alone: every poll reads the whole table in the server, but transfers only what changed.
    Xmin,
    /// Nothing: the whole relation is read at every poll and replaces the lake table.
    Full,
}

impl Cursor {
    /// How `status` names it.
    pub fn name(&self) -> &str {
        match self {
            Self::Column { name, .. } => name,
            Self::Xmin => "xmin",
            Self::Full => "none (read in full)",
        }
    }
}

/// How a cursor column compares with an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorKind {
    TimestampTz,
    /// Without zone: the writers' zone is unknown, so the range is widened by every offset there is.
    Timestamp,
    Date,
}
