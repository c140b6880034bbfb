//! Which columns of a table are copied, and how each is read: what is selected, readable, masked, or part of the key.

use crate::config::{Secret, TableSettings};
use crate::decode::PgType;
use crate::decode::types::{self, Choices, Mapping};
use crate::error::{Error, Result};
use crate::model::sql::quote;
use crate::model::{ColumnType, LeftOut, Read, ReadAs, SourceColumn, TableName};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A column as the catalog describes it.
#[derive(Debug, Clone)]
pub struct CatalogColumn {
    /// The position that Postgres never reuses: tells a rename from a drop and an add.
    pub attnum: i16,
    pub name: String,
    pub pg: PgType,
    /// The type as the source declares it, for messages: `numeric(12,2)`.
    pub declared: String,
    pub not_null: bool,
    /// Rows older than the column read its default although they were never rewritten.
    pub has_missing: bool,
    /// Of a virtual generated column: what tells its expression from another.
    pub expression: Option<String>,
    pub readable: bool,
}

/// Settles which columns are copied and how.
///
/// # Errors
/// Kind `Table`: a setting names a column that is not there, or one that must be copied is not selected or readable.
pub fn settle(
    table: &TableName,
    catalog: Vec<CatalogColumn>,
    key: &[String],
    settings: &TableSettings,
    salt: &Secret,
) -> Result<(Vec<SourceColumn>, Vec<LeftOut>)> {
    check_names(table, &catalog, settings)?;
    let lists = |list: &Option<Vec<String>>, name: &String| list.as_ref().is_some_and(|names| names.contains(name));
    let (mut copied, mut left_out) = (Vec::new(), Vec::new());
    for column in catalog {
        let is_key = key.contains(&column.name);
        let named = lists(&settings.columns, &column.name);
        let wanted = (named || settings.columns.is_none()) && !lists(&settings.exclude, &column.name);
        if is_key && !wanted {
            return Err(Error::table(format!(
                "column {:?} of {table} belongs to the key and cannot be left out; with {} only its hash \
                 leaves the source",
                column.name,
                table.variable("MASK")
            )));
        }
        if wanted && !column.readable && (is_key || named) {
            return Err(no_privilege(table, &column.name));
        }
        if !wanted || !column.readable {
            left_out.push(LeftOut { attnum: column.attnum, name: column.name, unreadable: wanted });
            continue;
        }
        let is_masked = lists(&settings.mask, &column.name);
        let Mapping { read, kind, .. } = match is_masked {
            true => masked(salt),
            false => usual_or_as_told(table, &column, is_key, settings)?,
        };
        let CatalogColumn { attnum, name, declared, has_missing, expression, pg, .. } = column;
        copied.push(SourceColumn { attnum, name, kind, read, declared, type_oid: pg.oid, has_missing, expression });
    }
    refuse_names_of_ours(table, &copied)?;
    refuse_names_that_differ_only_in_case(table, &copied)?;
    Ok((copied, left_out))
}

/// How a column is read that is not masked.
fn usual_or_as_told(
    table: &TableName,
    column: &CatalogColumn,
    is_key: bool,
    settings: &TableSettings,
) -> Result<Mapping> {
    let told = told(&column.name, settings);
    if is_key && told == Some(ReadAs::Json) {
        return Err(Error::table(format!(
            "column {:?} of {table} belongs to the key, which cannot be JSON; in {} it can be text",
            column.name,
            table.variable("TYPE")
        )));
    }
    Ok(mapping(&column.pg, is_key, told, settings))
}

/// What a setting says that a column of this name is read as.
pub(super) fn told(name: &str, settings: &TableSettings) -> Option<ReadAs> {
    settings.types.iter().flatten().find(|(told, _)| told == name).map(|(_, wanted)| *wanted)
}

/// How a column of this type is read, unless told otherwise.
pub(super) fn mapping(pg: &PgType, is_key: bool, told: Option<ReadAs>, settings: &TableSettings) -> Mapping {
    let choices = Choices { numeric: settings.numeric, chars: settings.chars };
    let usual = if is_key { types::key_mapping } else { types::mapping }(pg, choices);
    told.map_or(usual.clone(), |wanted| usual.read_as(wanted))
}

/// How a column is read of which only hashes leave the source.
pub(super) fn masked(salt: &Secret) -> Mapping {
    Mapping { read: Read::Masked { salt: fingerprint(salt) }, kind: ColumnType::Text, loses: "" }
}

/// Tells one salt from another without keeping it.
fn fingerprint(salt: &Secret) -> u64 {
    let mut hasher = DefaultHasher::new();
    salt.reveal().hash(&mut hasher);
    hasher.finish()
}

/// The sentence for a column that the role may not read.
pub(super) fn no_privilege(table: &TableName, column: &str) -> Error {
    Error::table(format!(
        "no privilege to read column {column:?} of {table}; run: GRANT SELECT ({}) ON {} TO your_role",
        quote(column),
        table.quoted()
    ))
}

fn check_names(table: &TableName, catalog: &[CatalogColumn], settings: &TableSettings) -> Result<()> {
    let typed = settings.types.iter().flatten().map(|(name, _)| name.clone()).collect();
    let lists = [
        ("COLUMNS", settings.columns.as_ref()),
        ("EXCLUDE", settings.exclude.as_ref()),
        ("MASK", settings.mask.as_ref()),
        ("TYPE", Some(&typed)),
    ];
    for (setting, names) in lists {
        let unknown = names.into_iter().flatten().find(|name| !catalog.iter().any(|column| column.name == **name));
        if let Some(unknown) = unknown {
            return Err(Error::table(format!(
                "{table} has no column {unknown:?}, which {} names; it has {}",
                table.variable(setting),
                names_of(catalog)
            )));
        }
    }
    Ok(())
}

/// The columns' names, for messages.
pub(super) fn names_of(catalog: &[CatalogColumn]) -> String {
    catalog.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Columns that travel beside the source's have names that begin so.
pub(super) fn is_of_ours(name: &str) -> bool {
    name.to_lowercase().starts_with("_pg2duck_")
}

fn refuse_names_of_ours(table: &TableName, columns: &[SourceColumn]) -> Result<()> {
    match columns.iter().find(|column| is_of_ours(&column.name)) {
        None => Ok(()),
        Some(column) => Err(Error::table(format!(
            "column {} of {table} has a name that pg2duck needs for itself; rename it, or leave it out with \
             {}",
            quote(&column.name),
            table.variable("EXCLUDE")
        ))),
    }
}

/// DuckDB compares column names without case.
fn refuse_names_that_differ_only_in_case(table: &TableName, columns: &[SourceColumn]) -> Result<()> {
    let mut seen: Vec<(String, &str)> = Vec::new();
    for column in columns {
        let folded = column.name.to_lowercase();
        if let Some((_, other)) = seen.iter().find(|(name, _)| *name == folded) {
            return Err(Error::table(format!(
                "columns {} and {} of {table} differ only in case, which DuckDB cannot tell apart; rename one of them, or \
                 leave one out with {}",
                quote(other),
                quote(&column.name),
                table.variable("EXCLUDE")
            )));
        }
        seen.push((folded, &column.name));
    }
    Ok(())
}
