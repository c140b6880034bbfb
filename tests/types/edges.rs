//! Every type with every edge of its range: alone, in arrays, in composites, in keys. The comparison reads the lake with
//! DuckDB and the archive with Polars, after the bootstrap and after every row was changed and some were added.

use crate::support::{EVERY_TYPE, Edges, SETUP, Sandbox};

/// A column, called like its type, and its value in any row.
struct Column {
    declared: String,
    value: Box<dyn Fn(usize) -> String>,
}

fn scalar(edges: &'static Edges) -> Column {
    Column { declared: edges.declared.into(), value: Box::new(|row| edges.literal(row)) }
}

/// Types of which arrays can be spelled with ARRAY[…].
pub fn elements() -> impl Iterator<Item = &'static Edges> {
    EVERY_TYPE
        .iter()
        .filter(|edges| !edges.declared.ends_with(']') && !["numbers", "grid", "spots"].contains(&edges.declared))
}

fn array(edges: &'static Edges) -> Column {
    let declared = format!("{}[]", edges.declared);
    let value = move |row| match row % 5 {
        0 => format!("ARRAY[{}, NULL, {}]", edges.literal(row), edges.literal(row + 1)),
        1 => format!("'{{}}'::{}[]", edges.declared),
        2 => format!("array_fill({}, ARRAY[2], ARRAY[-1])", edges.literal(row)),
        3 => format!("ARRAY[NULL]::{}[]", edges.declared),
        _ => {
            format!("ARRAY[{}]", (0..edges.values.len()).map(|at| edges.literal(at)).collect::<Vec<_>>().join(", "))
        }
    };
    Column { declared, value: Box::new(value) }
}

fn grid(edges: &'static Edges) -> Column {
    let declared = format!("{}[][]", edges.declared);
    let value = move |row| match row % 4 {
        0 => format!(
            "ARRAY[ARRAY[{}, NULL], ARRAY[{}, {}]]",
            edges.literal(row),
            edges.literal(row + 1),
            edges.literal(row + 2)
        ),
        1 => format!("'{{}}'::{}[][]", edges.declared),
        2 => format!("array_fill({}, ARRAY[1, 3], ARRAY[0, 5])", edges.literal(row)),
        // Not as declared.
        _ => format!("ARRAY[{}]", edges.literal(row)),
    };
    Column { declared, value: Box::new(value) }
}

pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

const ROWS: usize = 24;

/// `INSERT` of the rows with these ids, whose values start at `shift`; every seventh is NULL throughout.
fn insert(table: &str, columns: &[Column], ids: std::ops::Range<usize>, shift: usize) -> String {
    let row = |id: usize| {
        let value = |column: &Column| if id % 7 == 6 { "NULL".into() } else { (column.value)(id + shift) };
        format!("({id}, {})", columns.iter().map(value).collect::<Vec<_>>().join(", "))
    };
    format!("INSERT INTO {table} VALUES {};", ids.map(row).collect::<Vec<_>>().join(",\n"))
}

/// Copies a table of these columns, changes every value, adds rows, and compares after each step.
fn round_trip(setup: &str, columns: &[Column], settings: &[(&str, &str)]) {
    let definitions: Vec<_> =
        columns.iter().map(|column| format!("{} {}", quote(&column.declared), column.declared)).collect();
    let mut sandbox = Sandbox::new(&format!(
        "{SETUP}{setup} CREATE TABLE edges (id int PRIMARY KEY, {}); {}",
        definitions.join(", "),
        insert("edges", columns, 0..ROWS, 0)
    ))
    .with("SYNC_TABLES", "edges");
    settings.iter().for_each(|(name, value)| sandbox.set(name, value));
    let compare = || {
        let comparison = sandbox.compare("public", "edges");
        if settings.contains(&("NUMERIC", "text")) { comparison.numeric_as_text() } else { comparison }
    };
    sandbox.once();
    compare().check();
    let first = sandbox.parquet_files();
    assert_eq!(compare().check_files(&first), ROWS);
    // Every value moves on by one row.
    sandbox.sql(&format!("CREATE TABLE next (LIKE edges); {}", insert("next", columns, 0..ROWS, 1)));
    let assignments: Vec<_> = columns.iter().map(|column| quote(&column.declared)).collect();
    sandbox.sql(&format!(
        "UPDATE edges SET ({0}) = (SELECT {0} FROM next WHERE next.id = edges.id); {1}",
        assignments.join(", "),
        insert("edges", columns, ROWS..ROWS + 3, 5)
    ));
    sandbox.once();
    compare().check();
    let later: Vec<_> = sandbox.parquet_files().into_iter().filter(|file| !first.contains(file)).collect();
    assert_eq!(compare().check_files(&later), ROWS + 3);
}

#[test]
fn every_edge_of_every_type() {
    round_trip("", &EVERY_TYPE.iter().map(scalar).collect::<Vec<_>>(), &[]);
}

#[test]
fn every_edge_with_numbers_as_text_in_small_batches() {
    let columns: Vec<_> = EVERY_TYPE.iter().map(scalar).collect();
    round_trip("", &columns, &[("NUMERIC", "text"), ("BATCH_SIZE", "7")]);
}

#[test]
fn arrays_of_every_type() {
    round_trip("", &elements().map(array).collect::<Vec<_>>(), &[]);
    round_trip("", &elements().map(grid).collect::<Vec<_>>(), &[]);
}
