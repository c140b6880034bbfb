//! One text for a value, whether the source held it, a trigger wrote it down, or a column of the lake has it that may have become
//! wider since: 5, 5.00 and '5' are the same here. What must be told apart is told by the comparison of living rows, which is exact.

use crate::support::{Cell, Column, Rendering};
use std::collections::BTreeMap;

/// A row's values by the number that the storm gave to their column; NULL is left out.
pub type Image = BTreeMap<usize, String>;

/// A value of the source: as the lake's type for it has it, and as Postgres prints it, which is what is left where the lake's
/// column has become a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub cell: String,
    pub text: String,
    pub class: String,
}

/// The expressions of a column that [`value`] reads, `row` being empty, `NEW.` or `OLD.`.
pub fn expressions(column: &Column, row: &str) -> [String; 2] {
    let name = format!("{row}\"{}\"", column.name.replace('"', "\"\""));
    let canonical = column.rendering.in_source(&name);
    let text = match column.rendering {
        Rendering::Plain("BOOLEAN") => canonical.clone(),
        _ => format!("CASE WHEN {name} IS DISTINCT FROM NULL THEN concat({name}) END"),
    };
    [canonical, text]
}

/// The value that these texts are, unless it is NULL.
pub fn value(column: &Column, canonical: Option<&str>, text: Option<&str>) -> Option<Value> {
    let cell =
        column.rendering.cell_due(canonical?).unwrap_or_else(|_| panic!("{canonical:?} of {column:?} is a reject"));
    let text = plain_number(text.unwrap_or_default());
    Some(Value { cell: soft(&cell)?, text, class: class(&column.rendering.lake_type()) })
}

/// What the text of a lake's column says, unless it is NULL.
pub fn of_lake(rendering: &Rendering, text: Option<&str>) -> Option<String> {
    soft(&rendering.cell_of_lake(text?))
}

fn soft(cell: &Cell) -> Option<String> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Text(text) => plain_number(text),
        Cell::Parts(parts) => {
            // An attribute that a composite gained is NULL in older values.
            let last = parts.iter().rposition(|part| *part != Cell::Null).map_or(0, |at| at + 1);
            let parts: Vec<_> = parts[..last].iter().map(|part| soft(part).unwrap_or_else(|| "NULL".into())).collect();
            format!("[{}]", parts.join("|"))
        }
    })
}

/// A decimal number without what does not count.
fn plain_number(text: &str) -> String {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_decimal = digits.contains('.') && digits.chars().all(|c| c.is_ascii_digit() || c == '.') && digits.len() > 1;
    if !is_decimal || digits.matches('.').count() > 1 {
        return text.into();
    }
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    let digits = if digits.starts_with('.') || digits.is_empty() { format!("0{digits}") } else { digits.to_owned() };
    if text.starts_with('-') && digits != "0" { format!("-{digits}") } else { digits }
}

/// What kind of value a type of the lake holds, whatever its width.
pub fn class(lake_type: &str) -> String {
    let numbers = ["SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL"];
    let (own, list) = lake_type.split_at(lake_type.find("[]").unwrap_or(lake_type.len()));
    let own = own.split('(').next().unwrap_or_default();
    format!("{}{list}", if numbers.contains(&own) { "number" } else { own })
}

/// How a column of this type of the lake is read, whatever it was made for.
pub fn rendering_of(lake_type: &str) -> Rendering {
    if let Some(item) = lake_type.strip_suffix("[]") {
        return match rendering_of(item) {
            Rendering::List { item, dimensions } => Rendering::List { item, dimensions: dimensions + 1 },
            item => Rendering::List { item: Box::new(item), dimensions: 1 },
        };
    }
    if let Some(fields) = lake_type.strip_prefix("STRUCT(").and_then(|rest| rest.strip_suffix(')')) {
        return Rendering::Struct(fields_of(fields));
    }
    match lake_type {
        "BOOLEAN" => Rendering::Plain("BOOLEAN"),
        "FLOAT" => Rendering::Double("FLOAT"),
        "DOUBLE" => Rendering::Double("DOUBLE"),
        "BLOB" => Rendering::Hex,
        "DATE" => Rendering::Days,
        "TIMESTAMP" => Rendering::Micros("TIMESTAMP"),
        "TIMESTAMP WITH TIME ZONE" => Rendering::Micros("TIMESTAMP WITH TIME ZONE"),
        "TIME" => Rendering::TimeOfDay,
        "INTERVAL" => Rendering::Interval,
        decimal if decimal.starts_with("DECIMAL") => Rendering::Decimal { precision: 38, scale: 0 },
        _ => Rendering::Plain("VARCHAR"),
    }
}

/// The attributes of a STRUCT, whose names hold neither commas nor brackets here.
fn fields_of(text: &str) -> Vec<(String, Rendering)> {
    let (mut depth, mut fields) = (0, vec![String::new()]);
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        match fields.last_mut() {
            Some(field) if c != ',' || depth > 0 => field.push(c),
            _ => fields.push(String::new()),
        }
    }
    let field = |field: &String| {
        let (name, own) = field.trim().split_once(' ').expect("a name and a type");
        (name.trim_matches('"').to_owned(), rendering_of(own))
    };
    fields.iter().map(field).collect()
}
