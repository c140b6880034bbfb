//! Reads a table of the lake as rows of values by the storm's numbers of columns.

use super::cells::{Image, class, of_lake, rendering_of};
use super::oracle::{Identity, Row};
use super::source::{Table, quote};
use crate::support::{Rendering, lake};
use duckdb::Connection;
use std::collections::{BTreeMap, HashMap};

/// A column of a lake table.
pub struct LakeColumn {
    pub name: String,
    pub rendering: Rendering,
    pub class: String,
    /// The source column that it is of; none for a mode's own.
    pub number: Option<usize>,
    /// It is superseded, or of a column that was dropped.
    pub is_former: bool,
}

/// A row of the lake: its values, and what the mode says of it.
#[derive(Debug, Clone)]
pub struct LakeRow {
    pub image: Image,
    pub own: BTreeMap<&'static str, String>,
    /// Two columns of the lake hold a value for one of the source.
    pub doubled: Option<String>,
}

impl LakeRow {
    pub fn own(&self, name: &str) -> &str {
        self.own.get(name).map_or("", String::as_str)
    }
}

pub struct LakeTable<'a> {
    pub lake: &'a Connection,
    pub name: String,
    pub columns: Vec<LakeColumn>,
    /// The kinds of value that columns of the lake hold for a source column.
    classes: HashMap<usize, Vec<String>>,
}

/// Columns that modes add.
pub const OWN: [&str; 8] =
    ["_op", "_valid_from", "_valid_to", "_is_current", "_deleted_at", "_synced_at", "_seq", "_before"];

impl<'a> LakeTable<'a> {
    /// The lake's table of this table, whose columns are told by `_pg2duck.columns`.
    pub fn new(lake: &'a Connection, table: &Table, identities: &[Identity]) -> Result<Self, String> {
        let listed = listed(lake, table, identities)?;
        let columns = lake::column(
            lake,
            &format!(
                "SELECT column_name || chr(31) || data_type FROM duckdb_columns()
                 WHERE schema_name = 'main' AND lower(table_name) = lower('{}')",
                table.name
            ),
        );
        let column = |line: String| {
            let (name, kind) = line.split_once('\u{1f}').expect("a name and a type");
            let (number, is_former) =
                listed.get(name).map_or((None, false), |(number, former)| (Some(*number), *former));
            LakeColumn { name: name.into(), rendering: rendering_of(kind), class: class(kind), number, is_former }
        };
        let columns: Vec<_> = columns.into_iter().flatten().map(column).collect();
        if columns.is_empty() {
            return Err(format!("the lake has no table {}", table.name));
        }
        let mut classes: HashMap<usize, Vec<String>> = HashMap::new();
        for column in &columns {
            if let Some(number) = column.number {
                classes.entry(number).or_default().push(column.class.clone());
            }
        }
        Ok(Self { lake, name: table.name.clone(), columns, classes })
    }

    pub fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    /// What the table's macro says of an instant.
    pub fn as_of(&self, instant: &str) -> Result<Vec<LakeRow>, String> {
        let name = quote(&format!("{}_as_of", self.name));
        self.rows(&format!("main.{name}(TIMESTAMPTZ '{instant}')"), &[])
    }

    fn rows(&self, from: &str, own: &[&'static str]) -> Result<Vec<LakeRow>, String> {
        let mut cells: Vec<String> = own.iter().map(|name| format!("\"{name}\"::VARCHAR")).collect();
        let known: Vec<_> = self.columns.iter().filter_map(|column| Some((column, column.number?))).collect();
        cells.extend(known.iter().map(|(column, _)| column.rendering.in_lake(&quote(&column.name))));
        let query = format!("SELECT to_json([{}]::VARCHAR[])::VARCHAR FROM {from}", cells.join(", "));
        let mut rows = Vec::new();
        for line in lake::column(self.lake, &query).into_iter().flatten() {
            let texts: Vec<Option<String>> = serde_json::from_str(&line).expect("an array of texts");
            let (mut image, mut doubled) = (Image::new(), None);
            for ((column, number), text) in known.iter().zip(&texts[own.len()..]) {
                let Some(value) = of_lake(&column.rendering, text.as_deref()) else { continue };
                if let Some(other) = image.insert(*number, value.clone()) {
                    doubled = Some(format!("both {other:?} and {value:?} ({}) for one source column", column.name));
                    // What was superseded stands behind, and gives way.
                    if column.is_former {
                        image.insert(*number, other);
                    }
                }
            }
            let own = own.iter().zip(&texts).filter_map(|(name, text)| Some((*name, text.clone()?))).collect();
            rows.push(LakeRow { image, own, doubled });
        }
        Ok(rows)
    }

    /// All rows of the table itself, those of append in their order.
    pub fn all(&self) -> Result<Vec<LakeRow>, String> {
        let own: Vec<_> = OWN.into_iter().filter(|name| self.has(name)).collect();
        let order = if self.has("_seq") { " ORDER BY _seq" } else { "" };
        self.rows(&format!("main.{}{order}", quote(&self.name)), &own)
    }

    /// A row of the source as the lake's columns can tell it.
    pub fn expected(&self, row: &Row, identities: &[Identity]) -> Image {
        let told = |number: &usize| !identities[*number].known.is_empty() && !identities[*number].erased;
        row.iter()
            .filter(|(number, _)| told(number))
            .map(|(number, value)| {
                let classes = self.classes.get(number).map_or(&[][..], Vec::as_slice);
                let as_it_was = classes.is_empty() || classes.contains(&value.class);
                (*number, if as_it_was { value.cell.clone() } else { value.text.clone() })
            })
            .collect()
    }
}

/// Which source column each of the lake's is of, and whether it no longer follows it.
fn listed(lake: &Connection, table: &Table, identities: &[Identity]) -> Result<HashMap<String, (usize, bool)>, String> {
    let lines = lake::column(
        lake,
        &format!(
            "SELECT concat_ws(chr(31), relation, attnum, state, lake_column) FROM _pg2duck.columns
             WHERE source_schema = 'public' AND source_table = '{}'",
            table.name
        ),
    );
    let mut found = HashMap::new();
    for line in lines.into_iter().flatten() {
        let [relation, attnum, state, name] = line.splitn(4, '\u{1f}').collect::<Vec<_>>()[..] else {
            panic!("{line:?}")
        };
        let (oid, number) = (relation.parse().expect("an oid"), attnum.parse().expect("an attnum"));
        let number = identities.iter().position(|own| own.is(oid, number));
        let number =
            number.ok_or_else(|| format!("_pg2duck.columns has {relation}.{attnum} for {name}, which never was"))?;
        found.insert(name.to_owned(), (number, state != "current"));
    }
    Ok(found)
}
