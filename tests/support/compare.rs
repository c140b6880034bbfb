//! Compares a table of the source with the lake, row by row and column by column, and its key and types with the catalog.
//!
//! Both databases print each cell in one canonical form ([`Rendering`]) and each row as one text, sorted. Only where the
//! texts differ are they taken apart: some values have two spellings (1 and 1.0), the others are the failure to show.

use super::lake;
use super::rendering::Rendering;
use super::sql::Session;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Characters that no test writes: between rows, between cells, and in place of NULL.
const ROW: char = '\u{1d}';
const CELL: char = '\u{1f}';
const NULL: char = '\u{1e}';

/// What to compare, and how strictly.
pub struct Comparison {
    source: Session,
    lake: PathBuf,
    schema: String,
    table: String,
    lake_name: (String, String),
    key: Option<Vec<String>>,
}

struct Column {
    name: String,
    declared: String,
    rendering: Rendering,
}

type Rows = BTreeMap<Vec<String>, Vec<String>>;

impl Comparison {
    pub fn new(source: Session, lake: PathBuf, schema: &str, table: &str) -> Self {
        let lake_schema = if schema == "public" { "main" } else { schema };
        Self {
            source,
            lake,
            schema: schema.into(),
            table: table.into(),
            lake_name: (lake_schema.into(), table.into()),
            key: None,
        }
    }

    /// The key that was given to pg2duck, where the catalog has none.
    #[must_use]
    pub fn key(mut self, columns: &[&str]) -> Self {
        self.key = Some(columns.iter().map(|&column| column.into()).collect());
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
        self.check_types(&columns);
        self.check_key(&key);
        let (source, lake) = (self.source_rows(&columns), self.lake_rows(&columns));
        if source == lake {
            return;
        }
        let [source, lake] = [source, lake].map(|text| take_apart(&text, &columns, key.len()));
        let differences = differences(&source, &lake, &columns);
        let first: String = differences.iter().take(8).map(|line| format!("\n  {line}")).collect();
        let (schema, table) = (&self.schema, &self.table);
        assert!(differences.is_empty(), "{schema}.{table}: {} differences:{first}", differences.len());
    }

    fn quoted(&self) -> String {
        format!("{}.{}", quote(&self.schema), quote(&self.table))
    }

    fn catalog_key(&mut self) -> Vec<String> {
        let rows = self.source.rows(&format!(
            "SELECT a.attname FROM (SELECT * FROM pg_index WHERE indrelid = {}::regclass AND indisunique
                 ORDER BY indisprimary DESC, indexrelid LIMIT 1) i,
                 unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, n), pg_attribute a
             WHERE a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY k.n",
            literal(&self.quoted())
        ));
        rows.into_iter().flatten().flatten().collect()
    }

    /// All columns, those of the key first.
    fn columns(&mut self, key: &[String]) -> Vec<Column> {
        let rows = self.source.rows(&format!(
            "SELECT a.attname, CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
                                    ELSE format_type(a.atttypid, a.atttypmod) END
             FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
             WHERE a.attrelid = {}::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            literal(&self.quoted())
        ));
        assert!(!rows.is_empty(), "{} has no columns", self.quoted());
        let mut columns: Vec<Column> = rows
            .into_iter()
            .map(|row| {
                let mut cells = row.into_iter().flatten();
                let (name, declared) = (cells.next().expect("a name"), cells.next().expect("a type"));
                Column { name, rendering: Rendering::of(&declared), declared }
            })
            .collect();
        columns.sort_by_key(|column| key.iter().position(|name| *name == column.name).unwrap_or(usize::MAX));
        columns
    }

    fn check_types(&self, columns: &[Column]) {
        let (schema, table) = &self.lake_name;
        let found = lake::column(
            &lake::open(&self.lake),
            &format!(
                "SELECT column_name || '{CELL}' || data_type FROM duckdb_columns()
                 WHERE schema_name = {} AND table_name = {}",
                literal(schema),
                literal(table)
            ),
        );
        assert!(!found.is_empty(), "the lake has no table {schema}.{table}");
        for column in columns {
            let expected = format!("{}{CELL}{}", column.name, column.rendering.lake_type(&column.declared));
            assert!(
                found.iter().flatten().any(|known| *known == expected),
                "{schema}.{table}: {:?} of type {} is not {} in the lake, which has {found:?}",
                column.name,
                column.declared,
                column.rendering.lake_type(&column.declared)
            );
        }
    }

    fn check_key(&self, key: &[String]) {
        let (schema, table) = &self.lake_name;
        let found = lake::column(
            &lake::open(&self.lake),
            &format!(
                "SELECT array_to_string(constraint_column_names, '{CELL}') FROM duckdb_constraints()
                 WHERE constraint_type = 'PRIMARY KEY' AND schema_name = {} AND table_name = {}",
                literal(schema),
                literal(table)
            ),
        );
        assert_eq!(found, [Some(key.join(&CELL.to_string()))], "the primary key of {schema}.{table}");
    }

    fn source_rows(&mut self, columns: &[Column]) -> String {
        let sql = rows_as_text(columns, Rendering::in_source, &self.quoted(), " COLLATE \"C\"");
        self.source.value(&sql)
    }

    fn lake_rows(&self, columns: &[Column]) -> String {
        let name = format!("{}.{}", quote(&self.lake_name.0), quote(&self.lake_name.1));
        let sql = rows_as_text(columns, Rendering::in_lake, &name, "");
        lake::value(&lake::open(&self.lake), &sql)
    }
}

fn rows_as_text(columns: &[Column], render: fn(&Rendering, &str) -> String, table: &str, collation: &str) -> String {
    let cells: Vec<_> = columns
        .iter()
        .map(|column| format!("coalesce({}, '{NULL}')", render(&column.rendering, &quote(&column.name))))
        .collect();
    format!(
        "SELECT string_agg(r, '{ROW}' ORDER BY r{collation}) \
         FROM (SELECT concat_ws('{CELL}', {}) AS r FROM {table}) AS s",
        cells.join(", ")
    )
}

fn take_apart(text: &str, columns: &[Column], key: usize) -> Rows {
    let texts: Vec<&str> = text.split(ROW).filter(|row| !row.is_empty()).collect();
    let rows: Rows = texts
        .iter()
        .map(|row| {
            let cells: Vec<String> =
                row.split(CELL).zip(columns).map(|(cell, column)| column.rendering.canonical(cell)).collect();
            (cells[..key].to_vec(), cells)
        })
        .collect();
    assert_eq!(rows.len(), texts.len(), "rows with the same key");
    rows
}

fn differences(source: &Rows, lake: &Rows, columns: &[Column]) -> Vec<String> {
    let missing = source.keys().filter(|key| !lake.contains_key(*key)).map(|key| format!("{key:?} is missing"));
    let extra = lake.keys().filter(|key| !source.contains_key(*key)).map(|key| format!("{key:?} is too many"));
    let stale = source.iter().filter_map(|(key, row)| lake.get(key).map(|other| (key, row, other))).flat_map(
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
