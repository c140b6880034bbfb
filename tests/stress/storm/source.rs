//! The tables of a storm: how one begins, and what the source's catalog says of it now.

use super::values::{Fresh, TYPES, key_value, quoted, value};
use crate::support::{Column, Random, Session, columns};

/// What the tables need. `born` numbers rows for good: whatever becomes of a row's key, the storm knows it by that.
pub const PRELUDE: &str = "
    CREATE SCHEMA test; CREATE SCHEMA parts;
    CREATE SEQUENCE test.extra START 500;
    CREATE TYPE test.spot AS (x integer, label text);
    CREATE TYPE test.mood AS ENUM ('sad', 'ok', 'very happy');
    CREATE FUNCTION test.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;";

/// Columns that no change of the schema touches.
pub const FIXED: [&str; 3] = ["born", "updated_at", "region"];
/// The regions that a partition may be of.
pub const REGIONS: [&str; 4] = ["eu", "us", "asia", "sea"];
/// Names of columns: of the kind that a statement of pg2duck's own might use, among others.
pub const NAMES: [&str; 26] = [
    "note",
    "qty",
    "price",
    "state",
    "op",
    "began",
    "ended",
    "is_first",
    "rowid",
    "Mixed",
    "two words",
    "value",
    "at",
    "seq",
    "tags",
    "extra",
    "old",
    "new",
    "target",
    "changed",
    "latest",
    "deleted",
    "present",
    "versions",
    "it's",
    "select",
];

/// A table as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub number: usize,
    pub name: String,
    pub relation: i64,
    /// Those of the key first.
    pub columns: Vec<Column>,
    pub key: Vec<String>,
    pub key_constraint: String,
    /// Columns that must not be NULL.
    pub required: Vec<String>,
    /// Its partitions and their regions, where it has any.
    pub partitions: Option<Vec<(String, String)>>,
}

impl Table {
    /// The table of this name.
    pub fn look(session: &mut Session, number: usize, name: &str) -> Self {
        let regclass = format!("{}::regclass", quoted(&format!("public.{}", quote(name))));
        let column = |rows: Vec<Vec<Option<String>>>| rows.into_iter().flatten().flatten().collect::<Vec<String>>();
        let key = column(session.rows(&format!(
            "SELECT a.attname FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, n), pg_attribute a
             WHERE i.indrelid = {regclass} AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY k.n"
        )));
        let required = column(
            session.rows(&format!("SELECT attname FROM pg_attribute WHERE attrelid = {regclass} AND attnotnull")),
        );
        let is_parted = session.value(&format!("SELECT relkind FROM pg_class WHERE oid = {regclass}")) == "p";
        let partitions = session.rows(&format!(
            "SELECT inhrelid::regclass::text, substring(pg_get_expr(relpartbound, inhrelid) FROM '''(.*)''')
             FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = {regclass} ORDER BY 1"
        ));
        let pair = |row: Vec<Option<String>>| {
            let [name, region]: [String; 2] =
                row.into_iter().flatten().collect::<Vec<_>>().try_into().expect("no NULL");
            (name, region)
        };
        Self {
            number,
            name: name.into(),
            relation: session.value(&format!("SELECT {regclass}::oid")).parse().expect("an oid"),
            columns: columns(session, &format!("public.{}", quote(name)), &key, false),
            key_constraint: session
                .value(&format!("SELECT conname FROM pg_constraint WHERE conrelid = {regclass} AND contype = 'p'")),
            key,
            required,
            partitions: is_parted.then(|| partitions.into_iter().map(pair).collect()),
        }
    }

    pub fn quoted(&self) -> String {
        quote(&self.name)
    }

    pub fn is_key(&self, column: &Column) -> bool {
        self.key.contains(&column.name)
    }

    pub fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// Columns that a change of the schema may be about, without those of the key.
    pub fn plain(&self) -> Vec<&Column> {
        self.columns.iter().filter(|column| !self.is_key(column) && !FIXED.contains(&column.name.as_str())).collect()
    }

    /// A value for a new row.
    pub fn value_for(&self, column: &Column, random: &mut Random, fresh: &mut Fresh) -> String {
        if let (Some(partitions), "region") = (&self.partitions, column.name.as_str()) {
            let at = random.below(partitions.len().max(1) as u64) as usize;
            return quoted(partitions.get(at).map_or("eu", |(_, region)| region));
        }
        if column.name == "born" {
            return fresh.number().to_string();
        }
        if self.is_key(column) {
            let one_of_few = self.key.len() > 1 && self.key[0] == column.name;
            return key_value(column, one_of_few, random, fresh);
        }
        value(column, self.required.contains(&column.name), random, fresh)
    }
}

pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Makes a table with one of several kinds of key, and random columns. A partitioned one is the last of four.
pub fn create(name: &str, parted: bool, random: &mut Random, fresh: &mut Fresh) -> String {
    let table = quote(name);
    let (columns, key) = match random.below(4) {
        _ if parted => ("region text, id integer", "region, id"),
        0 => ("id integer", "id"),
        1 => ("code text", "code"),
        2 => ("tenant integer, id integer", "tenant, id"),
        _ => ("uid uuid", "uid"),
    };
    let mut columns = columns.to_owned();
    let mut names = NAMES.to_vec();
    for _ in 0..random.below(5) + 2 {
        let name = quote(names.remove(random.below(names.len() as u64) as usize));
        let cidr = if random.chance(10) { Some("cidr") } else { None };
        columns += &format!(", {name} {}", cidr.unwrap_or(TYPES[random.below(TYPES.len() as u64) as usize]));
    }
    columns += ", born bigint NOT NULL";
    let has_cursor = random.chance(50);
    if has_cursor {
        columns += ", updated_at timestamptz NOT NULL DEFAULT now()";
    }
    let by = if parted { " PARTITION BY LIST (region)" } else { "" };
    let mut sql = format!("CREATE TABLE {table} ({columns}, PRIMARY KEY ({key})){by}; ");
    if has_cursor {
        sql += &touch(&table);
    }
    if parted {
        for region in &REGIONS[..3] {
            let part = format!("parts.p_{region}_{}", fresh.number());
            sql += &format!("CREATE TABLE {part} PARTITION OF {table} FOR VALUES IN ('{region}'); ");
        }
    }
    sql
}

/// The trigger that moves `updated_at`.
pub fn touch(table: &str) -> String {
    format!("CREATE TRIGGER touch BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION test.touch(); ")
}
