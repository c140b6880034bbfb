//! What the catalog says of one source table, and what follows from it: columns, key, cursor column.

use super::columns::{self, CatalogColumn};
use crate::config::{Secret, TableSettings};
use crate::decode::types::oid;
use crate::error::{Error, Result};
use crate::model::{Cursor, CursorKind, RejectPolicy, RelationKind, SourceColumn, TableName, TableSchema};

/// A source table, ready to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub oid: u32,
    pub name: TableName,
    pub schema: TableSchema,
    pub cursor: Cursor,
    /// Whether an index finds the rows of a range of the cursor column.
    pub cursor_indexed: bool,
    /// Others inherit from it: no index reaches into them, so their rows may have keys of its rows.
    pub has_children: bool,
    /// A crash of the server empties it, or a part of it, and no transaction tells so.
    pub unlogged: bool,
    /// Heap pages by the last VACUUM or ANALYZE, or an estimate where neither ever ran; 0 where nothing tells.
    pub pages: u64,
    pub rejects: RejectPolicy,
    /// What masks begin with.
    pub salt: Secret,
}

impl Relation {
    /// Why what triggers record of its rows does not tell what became of them, if so.
    pub fn unrecorded(&self) -> Option<String> {
        let hidden = |column: &SourceColumn| {
            format!("triggers are not given the values of virtual generated column {:?}", column.name)
        };
        match self.has_children {
            true => Some("rows of tables that inherit from it may have the keys of its rows".into()),
            false => self.schema.virtual_column().map(hidden),
        }
    }
}

/// The relation before its settings are applied.
#[derive(Debug, Clone)]
pub struct RawRelation {
    pub oid: u32,
    pub name: TableName,
    pub kind: RelationKind,
    pub reads_xmin: bool,
    pub columns: Vec<CatalogColumn>,
    pub discovered_key: Option<Vec<String>>,
    /// Columns that lead an index.
    pub leading: Vec<String>,
    pub storage: String,
    pub unlogged: bool,
    /// The table itself and its descendants.
    pub members: i64,
    pub pages: u64,
}

/// The default cursor column.
const USUAL_CURSOR: &str = "updated_at";

impl RawRelation {
    /// Settles key and cursor, or says in one sentence why this table cannot be synced.
    ///
    /// # Errors
    /// Kind `Table`.
    pub fn resolve(self, settings: &TableSettings, salt: &Secret) -> Result<Relation> {
        let key = self.key(settings)?;
        // An index reaches into partitions.
        let has_children = self.members > 1 && self.kind != RelationKind::Partitioned;
        let mode = settings.mode;
        let cursor = if self.kind.has_xmin() && self.reads_xmin && !mode.reads_in_full() {
            self.cursor(settings)?
        } else {
            Cursor::Full
        };
        refuse_metadata_names(&self.name, settings, &self.columns)?;
        let (columns, left_out) = columns::settle(&self.name, self.columns, &key, settings, salt)?;
        let cursor_indexed = matches!(&cursor, Cursor::Column { name, .. } if self.leading.contains(name));
        Ok(Relation {
            oid: self.oid,
            name: self.name,
            schema: TableSchema {
                relation: self.oid,
                columns,
                key_proven: !has_children && self.discovered_key.as_ref() == Some(&key),
                key,
                mode,
                synced_at: settings.synced_at,
                storage: self.storage,
                left_out,
            },
            cursor,
            cursor_indexed,
            has_children,
            unlogged: self.unlogged,
            pages: self.pages,
            rejects: settings.rejects,
            salt: salt.clone(),
        })
    }

    fn has_column(&self, column: &str) -> bool {
        self.columns.iter().any(|own| own.name == column)
    }

    fn key(&self, settings: &TableSettings) -> Result<Vec<String>> {
        let name = &self.name;
        match (&settings.key, &self.discovered_key) {
            (Some(given), _) => match given.iter().find(|column| !self.has_column(column)) {
                Some(missing) => Err(Error::table(format!(
                    "{name} has no column {missing:?}, which POSTGRES_PRIMARY_KEY names; it has {}",
                    columns::names_of(&self.columns)
                ))),
                None => Ok(given.clone()),
            },
            (None, Some(discovered)) => Ok(discovered.clone()),
            (None, None) if settings.mode.reads_in_full() => Ok(Vec::new()),
            (None, None) => Err(Error::table(format!(
                "{name} has no primary key and no unique index on NOT NULL columns; add one, or name the columns that \
                 identify a row: {}=column[,column]; or read it in full at every cycle: {}=full",
                name.variable("PRIMARY_KEY"),
                name.variable("MODE")
            ))),
        }
    }

    fn cursor(&self, settings: &TableSettings) -> Result<Cursor> {
        let name = &self.name;
        let wanted = settings.cursor.as_deref();
        if wanted == Some("xmin") {
            return Ok(Cursor::Xmin);
        }
        let found = self.columns.iter().find(|column| column.name == wanted.unwrap_or(USUAL_CURSOR));
        match (found, wanted) {
            (None, None) => Ok(Cursor::Xmin),
            (None, Some(missing)) => Err(Error::table(format!(
                "{name} has no column {missing:?}, which CURSOR_COLUMN names; it has {}; without a column that is set at \
                 every change use {}=xmin",
                columns::names_of(&self.columns),
                name.variable("CURSOR_COLUMN")
            ))),
            (Some(column), None) if !column.readable => Ok(Cursor::Xmin),
            (Some(column), Some(_)) if !column.readable => Err(columns::no_privilege(name, &column.name)),
            (Some(column), _) => {
                let kind = match column.pg.oid {
                    oid::TIMESTAMPTZ => CursorKind::TimestampTz,
                    oid::TIMESTAMP => CursorKind::Timestamp,
                    oid::DATE => CursorKind::Date,
                    _ if wanted.is_none() => return Ok(Cursor::Xmin),
                    _ => {
                        return Err(Error::table(format!(
                            "cursor column {:?} of {name} is {}: expected timestamptz, timestamp or date; use \
                             CURSOR_COLUMN=xmin to find changes without it",
                            column.name, column.declared
                        )));
                    }
                };
                Ok(Cursor::Column { name: column.name.clone(), kind, nullable: !column.not_null })
            }
        }
    }
}

/// The lake table needs these names for itself.
fn refuse_metadata_names(table: &TableName, settings: &TableSettings, columns: &[CatalogColumn]) -> Result<()> {
    let mode = settings.mode;
    let ours = TableSchema { mode, synced_at: settings.synced_at, ..TableSchema::default() }.metadata();
    let taken = columns.iter().find(|column| ours.iter().any(|(name, _)| column.name.to_lowercase() == *name));
    match taken {
        None => Ok(()),
        Some(column) => Err(Error::table(format!(
            "column {:?} of {table} has a name that mode {} gives to a column of its own; leave it out with \
             {}, or choose another mode",
            column.name,
            mode.name(),
            table.variable("EXCLUDE")
        ))),
    }
}
