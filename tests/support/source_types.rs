//! What the source's catalog says of a table's columns, and what the documentation says becomes of their types.

use super::rendering::Rendering;
use super::sql::Session;
use std::collections::HashMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub attnum: i16,
    pub name: String,
    pub declared: String,
    pub rendering: Rendering,
}

/// How a type travels decides what becomes of arrays of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Travels {
    Binary,
    /// As text or in another type: an array does element by element.
    Cast,
    /// In a way that an array's elements cannot.
    Apart,
}

/// The columns of a table, those of the key first and in its order.
pub fn columns(source: &mut Session, table: &str, key: &[String], numeric_as_text: bool) -> Vec<Column> {
    let rows = source.rows(&format!(
        "SELECT attnum, attname, format_type(atttypid, atttypmod), atttypid, atttypmod, attndims FROM pg_attribute
         WHERE attrelid = {}::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        literal(table)
    ));
    assert!(!rows.is_empty(), "{table} has no columns");
    let mut types = Types { source, numeric_as_text, known: HashMap::new() };
    let column = |row: Vec<Option<String>>| {
        let [attnum, name, declared, oid, typmod, dimensions]: [String; 6] =
            row.into_iter().flatten().collect::<Vec<_>>().try_into().expect("no NULL");
        let (usual, _) = types.of(number(&oid), number(&typmod), number(&dimensions));
        let rendering = if key.contains(&name) { in_key(usual) } else { usual };
        Column { attnum: number(&attnum) as i16, name, declared, rendering }
    };
    let mut columns: Vec<Column> = rows.into_iter().map(column).collect();
    columns.sort_by_key(|column| key.iter().position(|name| *name == column.name).unwrap_or(usize::MAX));
    columns
}

/// A key must be indexed and stay unique.
fn in_key(usual: Rendering) -> Rendering {
    match usual {
        Rendering::Nearest | Rendering::Digits => Rendering::Trimmed,
        Rendering::Interval | Rendering::Json | Rendering::List { .. } | Rendering::Struct(_) => {
            Rendering::Plain("VARCHAR")
        }
        other => other,
    }
}

struct Types<'a> {
    source: &'a mut Session,
    numeric_as_text: bool,
    known: HashMap<(i64, i64, i64), (Rendering, Travels)>,
}

impl Types<'_> {
    fn of(&mut self, oid: i64, typmod: i64, dimensions: i64) -> (Rendering, Travels) {
        if let Some(known) = self.known.get(&(oid, typmod, dimensions)) {
            return known.clone();
        }
        let found = self.look_up(oid, typmod, dimensions);
        self.known.insert((oid, typmod, dimensions), found.clone());
        found
    }

    fn look_up(&mut self, oid: i64, typmod: i64, dimensions: i64) -> (Rendering, Travels) {
        let rows = self.source.rows(&format!(
            "SELECT CASE WHEN typtype = 'b' AND typcategory = 'A' AND typlen = -1 THEN 'array' ELSE typtype::text END, typelem,
                    typbasetype, typtypmod, typndims, typrelid, CASE WHEN typnamespace = 11 THEN typname END
             FROM pg_type WHERE oid = {oid}"
        ));
        let row: Vec<String> = rows.into_iter().flatten().map(Option::unwrap_or_default).collect();
        let part = |at: usize| number(&row[at]);
        match row[0].as_str() {
            "d" => self.of(part(2), part(3), part(4)),
            "array" => self.array(part(1), typmod, dimensions.clamp(1, 6) as usize),
            "c" => self.composite(part(5)),
            "e" => (Rendering::Plain("VARCHAR"), Travels::Binary),
            _ => self.scalar(&row[6], typmod),
        }
    }

    fn array(&mut self, item: i64, typmod: i64, dimensions: usize) -> (Rendering, Travels) {
        let (item, travels) = self.of(item, typmod, 0);
        let is_list = matches!(item, Rendering::List { .. });
        let list = Rendering::List { item: Box::new(item), dimensions };
        match travels {
            Travels::Binary => (list, Travels::Binary),
            Travels::Cast if !is_list => (list, Travels::Cast),
            _ => (Rendering::Plain("VARCHAR"), Travels::Cast),
        }
    }

    fn composite(&mut self, relation: i64) -> (Rendering, Travels) {
        let rows = self.source.rows(&format!(
            "SELECT attname, atttypid, atttypmod, attndims FROM pg_attribute
             WHERE attrelid = {relation} AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        ));
        let mut fields = Vec::new();
        let mut all = Travels::Binary;
        for row in rows {
            let row: Vec<String> = row.into_iter().flatten().collect();
            let (field, travels) = self.of(number(&row[1]), number(&row[2]), number(&row[3]));
            if travels != Travels::Binary {
                all = Travels::Apart;
            }
            fields.push((row[0].clone(), field));
        }
        let mut names: Vec<String> = fields.iter().map(|(name, _)| name.to_lowercase()).collect();
        names.sort();
        names.dedup();
        // DuckDB has no STRUCT without fields, and compares their names without case.
        if fields.is_empty() || names.len() < fields.len() {
            return (Rendering::Plain("VARCHAR"), Travels::Cast);
        }
        (Rendering::Struct(fields), all)
    }

    fn scalar(&self, name: &str, typmod: i64) -> (Rendering, Travels) {
        let rendering = match name {
            "bool" => Rendering::Plain("BOOLEAN"),
            "int2" => Rendering::Plain("SMALLINT"),
            "int4" => Rendering::Plain("INTEGER"),
            "int8" | "oid" => Rendering::Plain("BIGINT"),
            "float4" => Rendering::Double("FLOAT"),
            "float8" => Rendering::Double("DOUBLE"),
            "text" | "varchar" | "bpchar" | "name" | "inet" | "cidr" => Rendering::Plain("VARCHAR"),
            "numeric" => return self.numeric(typmod),
            "money" => return (Rendering::Decimal { precision: 19, scale: 2 }, Travels::Cast),
            "bytea" => Rendering::Hex,
            "uuid" => Rendering::Uuid,
            "date" => Rendering::Days,
            "timestamp" => Rendering::Micros("TIMESTAMP"),
            "timestamptz" => Rendering::Micros("TIMESTAMP WITH TIME ZONE"),
            "time" => Rendering::TimeOfDay,
            "timetz" => Rendering::TimeAndOffset,
            "interval" => Rendering::Interval,
            "json" | "jsonb" => Rendering::Json,
            _ => return (Rendering::Plain("VARCHAR"), Travels::Cast),
        };
        (rendering, Travels::Binary)
    }

    /// A scale below 0 rounds before the point, so that so many zeros follow the digits; one beyond the precision puts zeros
    /// between the point and the digits.
    fn numeric(&self, typmod: i64) -> (Rendering, Travels) {
        let (precision, scale) = ((typmod - 4) >> 16, (((typmod - 4) & 2047) ^ 1024) - 1024);
        let digits = precision.max(scale).max(precision - scale) as i32;
        match (typmod >= 4 && digits <= 38, self.numeric_as_text) {
            (true, _) => (Rendering::Decimal { precision: digits, scale: scale.max(0) as i32 }, Travels::Binary),
            (false, false) => (Rendering::Nearest, Travels::Binary),
            (false, true) => (Rendering::Digits, Travels::Cast),
        }
    }
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
