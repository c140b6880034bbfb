//! Compares a table of the source with the lake, row by row and column by column, and its key and types with the catalog.
//!
//! Both databases print each cell in one canonical form ([`Rendering`]) and each row as one text, sorted. Only where the
//! texts differ are they taken apart: some values have two spellings (1 and 1.0), some the lake cannot hold, the others are
//! the failure to show. What it cannot hold must be NULL there and be listed in `_pg2duck.rejects`, and nothing else may be.

use super::lake;
use super::rendering::{Cell, Rejected, Rendering};
use super::source_types::{self, Column};
use super::sql::Session;
use duckdb::Connection;
use polars::prelude::{DataFrame, ParquetReader, SerReader};
use std::cell::RefMut;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;

/// Characters that no test writes: before each row, between cells, and in place of NULL.
const ROW: char = '\u{1d}';
const CELL: char = '\u{1f}';
const NULL: char = '\u{1e}';

/// A session in the source: opening one costs more than most comparisons.
enum Source<'a> {
    Own(Session),
    Lent(RefMut<'a, Session>),
}

impl Source<'_> {
    fn session(&mut self) -> &mut Session {
        match self {
            Self::Own(session) => session,
            Self::Lent(session) => session,
        }
    }
}

/// What to compare, and how strictly.
pub struct Comparison<'a> {
    source: Source<'a>,
    lake: PathBuf,
    schema: String,
    table: String,
    lake_name: (String, String),
    key: Option<Vec<String>>,
    declared: bool,
    numeric_as_text: bool,
    left_out: Vec<String>,
}

/// Rows by their keys.
type Rows = BTreeMap<Vec<Cell>, Vec<Cell>>;
/// The columns and keys of rejected values, sorted.
type Rejects = Vec<(String, Vec<String>)>;

impl<'a> Comparison<'a> {
    /// With a session of another server or database than the sandbox's own.
    pub fn new(source: Session, lake: PathBuf, schema: &str, table: &str) -> Self {
        Self::with(Source::Own(source), lake, schema, table)
    }

    /// With a session that others go on to use.
    pub fn lent(source: RefMut<'a, Session>, lake: PathBuf, schema: &str, table: &str) -> Self {
        Self::with(Source::Lent(source), lake, schema, table)
    }

    fn with(source: Source<'a>, lake: PathBuf, schema: &str, table: &str) -> Self {
        let lake_schema = if schema == "public" { "main" } else { schema };
        Self {
            source,
            lake,
            schema: schema.into(),
            table: table.into(),
            lake_name: (lake_schema.into(), table.into()),
            key: None,
            declared: true,
            numeric_as_text: false,
            left_out: Vec::new(),
        }
    }

    /// `NUMERIC=text` is set.
    #[must_use]
    pub fn numeric_as_text(mut self) -> Self {
        self.numeric_as_text = true;
        self
    }

    /// The key that was given to pg2duck, where the catalog has none.
    #[must_use]
    pub fn key(mut self, columns: &[&str]) -> Self {
        self.key = Some(columns.iter().map(|&column| column.into()).collect());
        self
    }

    /// The lake does not declare the key.
    #[must_use]
    pub fn undeclared(mut self) -> Self {
        self.declared = false;
        self
    }

    /// All columns but these.
    #[must_use]
    pub fn without(mut self, columns: &[String]) -> Self {
        self.left_out = columns.to_vec();
        self
    }

    /// The lake table, where it is not called like the source's.
    #[must_use]
    pub fn lake_name(mut self, schema: &str, table: &str) -> Self {
        self.lake_name = (schema.into(), table.into());
        self
    }

    /// The lake of another sandbox.
    #[must_use]
    pub fn lake_path(mut self, path: PathBuf) -> Self {
        self.lake = path;
        self
    }

    /// Panics with the first differences.
    pub fn check(mut self) {
        let key = self.key.clone().unwrap_or_else(|| self.catalog_key());
        let columns = self.columns(&key);
        let lake = lake::open(&self.lake);
        self.check_types(&lake, &columns);
        self.check_key(&lake, &key);
        let listed = self.listed_rejects(&lake, &columns[..key.len()]);
        let (source, lake) = (self.source_rows(&columns), self.lake_rows(&lake, &columns));
        if source == lake {
            return assert_eq!(settled(listed, &Rejects::new()), [], "rejects of {}", self.quoted());
        }
        let (source, rejected) = from_source(&source, &columns, key.len());
        // Of -0 and 0 in neighbouring rows DuckDB keeps one.
        let signless = |row: Vec<Cell>| row.into_iter().map(Cell::without_sign_of_zero).collect::<Vec<_>>();
        let source = by_key(source.into_values().map(signless), key.len());
        let lake =
            cells(&lake).map(|row| columns.iter().zip(row).map(|(column, cell)| from_lake(column, cell)).collect());
        self.assert_same(&source, &by_key(lake.map(signless), key.len()), &columns);
        let (listed, due) = (settled(listed, &rejected), settled(rejected.clone(), &rejected));
        assert_eq!(listed, due, "rejects of {}: as listed, as due", self.quoted());
    }

    /// Panics unless each row that these Parquet files hold is as in the source, read with Polars. Returns how many different
    /// rows they are.
    pub fn check_files(mut self, files: &[PathBuf]) -> usize {
        let key = self.key.clone().unwrap_or_else(|| self.catalog_key());
        let columns = self.columns(&key);
        let text = self.source_rows(&columns);
        let (mut source, _) = from_source(&text, &columns, key.len());
        let mut found = Vec::new();
        for file in files {
            let opened = File::open(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let frame = ParquetReader::new(opened).set_low_memory(false).finish();
            found.extend(rows_of(&frame.unwrap_or_else(|error| panic!("{}: {error}", file.display())), &columns));
        }
        // Rows whose key was rejected have none.
        let (without_key, keyed): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|row: &Vec<Cell>| row[..key.len()].contains(&Cell::Null));
        // A transaction open elsewhere in the cluster may cause rows to be read again: the last reading counts.
        let found: Rows = keyed.into_iter().map(|row| (row[..key.len()].to_vec(), row)).collect();
        let count = found.len() + without_key.into_iter().collect::<BTreeSet<_>>().len();
        source.retain(|key, _| found.contains_key(key));
        self.assert_same(&source, &found, &columns);
        count
    }

    fn assert_same(&self, source: &Rows, found: &Rows, columns: &[Column]) {
        let differences = differences(source, found, columns);
        let first: String = differences.iter().take(8).map(|line| format!("\n  {line}")).collect();
        assert!(differences.is_empty(), "{}: {} differences:{first}", self.quoted(), differences.len());
    }

    fn quoted(&self) -> String {
        format!("{}.{}", quote(&self.schema), quote(&self.table))
    }

    fn catalog_key(&mut self) -> Vec<String> {
        let table = literal(&self.quoted());
        let rows = self.source.session().rows(&format!(
            "SELECT a.attname FROM (SELECT * FROM pg_index WHERE indrelid = {}::regclass AND indisunique
                 ORDER BY indisprimary DESC, indexrelid LIMIT 1) i,
                 unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, n), pg_attribute a
             WHERE a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY k.n",
            table
        ));
        rows.into_iter().flatten().flatten().collect()
    }

    /// All columns, those of the key first.
    fn columns(&mut self, key: &[String]) -> Vec<Column> {
        let table = self.quoted();
        let mut columns = source_types::columns(self.source.session(), &table, key, self.numeric_as_text);
        columns.retain(|column| !self.left_out.contains(&column.name));
        columns
    }

    fn check_types(&self, lake: &Connection, columns: &[Column]) {
        let (schema, table) = &self.lake_name;
        let found = lake::column(
            lake,
            &format!(
                "SELECT column_name || '{CELL}' || data_type FROM duckdb_columns()
                 WHERE schema_name = {} AND table_name = {}",
                literal(schema),
                literal(table)
            ),
        );
        assert!(!found.is_empty(), "the lake has no table {schema}.{table}");
        for Column { name, declared, rendering, .. } in columns {
            let of_column = |known: &&String| known.split_once(CELL).is_some_and(|(own, _)| own == name);
            let found = found.iter().flatten().find(of_column);
            let found = found.unwrap_or_else(|| panic!("{schema}.{table} has no column {name:?}: {found:?}"));
            // DuckDB quotes the names in a STRUCT only where it must.
            assert!(
                found.replace('"', "") == format!("{name}{CELL}{}", rendering.lake_type()).replace('"', ""),
                "{schema}.{table}: {name:?} of type {declared} is not {} in the lake but {found:?}",
                rendering.lake_type()
            );
        }
    }

    fn check_key(&self, lake: &Connection, key: &[String]) {
        let (schema, table) = &self.lake_name;
        let found = lake::column(
            lake,
            &format!(
                "SELECT array_to_string(constraint_column_names, '{CELL}') FROM duckdb_constraints()
                 WHERE constraint_type = 'PRIMARY KEY' AND schema_name = {} AND table_name = {}",
                literal(schema),
                literal(table)
            ),
        );
        if !self.declared {
            return assert_eq!(found, [], "the primary key of {schema}.{table}");
        }
        assert_eq!(found, [Some(key.join(&CELL.to_string()))], "the primary key of {schema}.{table}");
    }

    fn source_rows(&mut self, columns: &[Column]) -> String {
        let sql = rows_as_text(columns, Rendering::in_source, &self.quoted(), " COLLATE \"C\"");
        self.source.session().value(&sql)
    }

    /// What `_pg2duck.rejects` has of the table.
    fn listed_rejects(&self, lake: &Connection, key: &[Column]) -> Rejects {
        let listed = lake::column(
            lake,
            &format!(
                "SELECT column_name || '{CELL}' || key FROM _pg2duck.rejects WHERE source_schema = {} AND source_table = {}",
                literal(&self.schema),
                literal(&self.table)
            ),
        );
        let mut rejects: Rejects = listed
            .iter()
            .flatten()
            .map(|line| {
                let (column, object) = line.split_once(CELL).expect("a column and a key");
                // NaN, infinity and `.5` are no JSON; how such a key is spelled is not compared.
                let object: serde_json::Value = serde_json::from_str(object).unwrap_or(serde_json::Value::Bool(true));
                let cell = |part: &Column| match &object[&part.name] {
                    serde_json::Value::Null if object.is_boolean() => Cell::Text(String::new()),
                    serde_json::Value::Null => Cell::Null,
                    serde_json::Value::String(text) => Cell::Text(text.clone()),
                    other => Cell::Text(other.to_string()),
                };
                (column.to_owned(), key_texts(&key.iter().map(cell).collect::<Vec<_>>(), key))
            })
            .collect();
        rejects.sort();
        rejects
    }

    fn lake_rows(&self, lake: &Connection, columns: &[Column]) -> String {
        let name = format!("{}.{}", quote(&self.lake_name.0), quote(&self.lake_name.1));
        let sql = rows_as_text(columns, Rendering::in_lake, &name, "");
        lake::value(lake, &sql)
    }
}

fn rows_as_text(columns: &[Column], render: fn(&Rendering, &str) -> String, table: &str, collation: &str) -> String {
    let cells: Vec<_> = columns
        .iter()
        .map(|column| format!("coalesce({}, '{NULL}')", render(&column.rendering, &quote(&column.name))))
        .collect();
    format!(
        "SELECT string_agg('{ROW}' || r, '' ORDER BY r{collation}) \
         FROM (SELECT array_to_string(ARRAY[{}], '{CELL}') AS r FROM {table}) AS s",
        cells.join(", ")
    )
}

/// The texts of each row's cells, `None` for NULL.
fn cells(text: &str) -> impl Iterator<Item = impl Iterator<Item = Option<&str>>> {
    // Each row begins with the mark; a row may be empty.
    text.split(ROW).skip(1).map(|row| row.split(CELL).map(|cell| (!cell.starts_with(NULL)).then_some(cell)))
}

/// What the lake should hold of these rows, and what it cannot.
fn from_source(text: &str, columns: &[Column], key: usize) -> (Rows, Rejects) {
    let (mut rows, mut rejects) = (Vec::new(), Rejects::new());
    for row in cells(text) {
        let mut refused = Vec::new();
        let row: Vec<Cell> = columns
            .iter()
            .zip(row)
            .map(|(column, cell)| match cell.map_or(Ok(Cell::Null), |text| column.rendering.cell_due(text)) {
                Ok(cell) => cell,
                Err(Rejected) => {
                    refused.push(column.name.clone());
                    Cell::Null
                }
            })
            .collect();
        let own = key_texts(&row[..key], columns);
        // A row whose key is refused has no place.
        let lands = !columns[..key].iter().any(|column| refused.contains(&column.name));
        rejects.extend(refused.into_iter().map(|column| (column, own.clone())));
        if lands {
            rows.push(row);
        }
    }
    rejects.sort();
    (by_key(rows.into_iter(), key), rejects)
}

fn from_lake(column: &Column, cell: Option<&str>) -> Cell {
    cell.map_or(Cell::Null, |text| column.rendering.cell_of_lake(text))
}

fn by_key(rows: impl Iterator<Item = Vec<Cell>>, key: usize) -> Rows {
    let mut keyed = Rows::new();
    for row in rows {
        let key = row[..key].to_vec();
        assert!(!keyed.contains_key(&key), "two rows with the key {key:?}");
        keyed.insert(key, row);
    }
    keyed
}

/// A row whose key is rejected cannot be found again, so it stays listed when it is mended. Of these it is only compared
/// which are listed at all.
fn settled(rejects: Rejects, due: &Rejects) -> Rejects {
    let without_key = |reject: &(String, Vec<String>)| reject.1.contains(&"null".into());
    let mut rejects = rejects;
    rejects.dedup_by(|one, other| one == other && without_key(one));
    rejects.retain(|reject| !without_key(reject) || due.contains(reject));
    rejects
}

/// A key as far as JSON spells it like everyone else.
fn key_texts(key: &[Cell], columns: &[Column]) -> Vec<String> {
    let text = |(cell, column): (&Cell, &Column)| match (cell, &column.rendering) {
        (Cell::Text(text), Rendering::Plain(_) | Rendering::Trimmed) => text.clone(),
        (Cell::Null, _) => "null".into(),
        _ => "(another spelling)".into(),
    };
    key.iter().zip(columns).map(text).collect()
}

fn rows_of(frame: &DataFrame, columns: &[Column]) -> Vec<Vec<Cell>> {
    let read = |column: &Column| {
        let own = frame.column(&column.name).unwrap_or_else(|error| panic!("{}: {error}", column.name));
        column.rendering.cells_of_polars(own.as_materialized_series())
    };
    let read: Vec<Vec<Cell>> = columns.iter().map(read).collect();
    (0..frame.height()).map(|at| read.iter().map(|column| column[at].clone()).collect()).collect()
}

fn differences(source: &Rows, found: &Rows, columns: &[Column]) -> Vec<String> {
    let missing = source.keys().filter(|key| !found.contains_key(*key)).map(|key| format!("{key:?} is missing"));
    let extra = found.keys().filter(|key| !source.contains_key(*key)).map(|key| format!("{key:?} is too many"));
    let stale = source.iter().filter_map(|(key, row)| found.get(key).map(|other| (key, row, other))).flat_map(
        |(key, row, other)| {
            row.iter().zip(other).zip(columns).filter(|((ours, theirs), _)| ours != theirs).map(
                move |((ours, theirs), column)| {
                    format!("{key:?}: {} ({}) is {theirs:?} instead of {ours:?}", column.name, column.declared)
                },
            )
        },
    );
    missing.chain(extra).chain(stale).collect()
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
