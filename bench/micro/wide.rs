//! Rows of the table of `bench/wide.sql`, in the form in which a binary COPY sends them.

use pg2duck::model::{Column, ColumnType};

/// One column: its type and the wire form of a row's value.
pub type Filled = (ColumnType, fn(u32) -> Option<Vec<u8>>);

/// The thirteen columns.
pub fn wide() -> Vec<(&'static str, Filled)> {
    vec![
        ("id", (ColumnType::Int8, int8)),
        ("uuid", (ColumnType::Uuid, uuid)),
        ("email", (ColumnType::Text, |n| text(&format!("user{n}@example.com")))),
        ("note", (ColumnType::Text, |n| text(&format!("{:032x}", scatter(n))))),
        ("amount", (ColumnType::Decimal { precision: 12, scale: 2 }, money)),
        ("seats", (ColumnType::Int4, |n| Some((n % 100).to_be_bytes().to_vec()))),
        ("meta", (ColumnType::Jsonb, document)),
        ("tags", (ColumnType::list(ColumnType::Text), tags)),
        ("active", (ColumnType::Bool, |n| Some(vec![(n % 2) as u8]))),
        ("created_at", (ColumnType::TimestampTz, instant)),
        ("updated_at", (ColumnType::TimestampTz, instant)),
        ("deleted_at", (ColumnType::TimestampTz, |n| if n % 20 == 0 { instant(n) } else { None })),
        ("pad", (ColumnType::Text, |n| text(&format!("{}{n}", "x".repeat(40))))),
    ]
}

/// The columns by name.
pub fn named(columns: &[(&str, Filled)]) -> Vec<Column> {
    columns.iter().map(|(name, (kind, _))| Column { name: (*name).into(), kind: kind.clone() }).collect()
}

/// A whole COPY of these rows, each with its `xmin`.
pub fn stream(columns: &[(&str, Filled)], rows: impl Iterator<Item = u32>) -> Vec<u8> {
    let mut bytes = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for n in rows {
        bytes.extend((columns.len() as i16 + 1).to_be_bytes());
        columns.iter().for_each(|(_, (_, value))| field(&mut bytes, value(n).as_deref()));
        field(&mut bytes, Some(&n.to_be_bytes()));
    }
    bytes.extend((-1_i16).to_be_bytes());
    bytes
}

/// An array of one dimension, without NULLs.
pub fn array(element: i32, values: &[Vec<u8>]) -> Option<Vec<u8>> {
    let head = [1, 0, element, values.len() as i32, 1];
    let mut bytes: Vec<u8> = head.iter().flat_map(|part| part.to_be_bytes()).collect();
    values.iter().for_each(|value| field(&mut bytes, Some(value)));
    Some(bytes)
}

fn field(bytes: &mut Vec<u8>, value: Option<&[u8]>) {
    bytes.extend(value.map_or(-1, |value| value.len() as i32).to_be_bytes());
    bytes.extend(value.unwrap_or_default());
}

fn scatter(n: u32) -> u128 {
    u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

fn int8(n: u32) -> Option<Vec<u8>> {
    Some(i64::from(n).to_be_bytes().to_vec())
}

fn uuid(n: u32) -> Option<Vec<u8>> {
    Some(scatter(n).to_be_bytes().to_vec())
}

fn text(text: &str) -> Option<Vec<u8>> {
    Some(text.as_bytes().to_vec())
}

/// Up to 99,999.99, as numeric(12,2) travels: two digits of base 10,000 before the point, one after it.
fn money(n: u32) -> Option<Vec<u8>> {
    let cents = n.wrapping_mul(2_654_435_761) % 10_000_000;
    let parts = [3, 1, 0, 2, cents / 1_000_000, cents / 100 % 10_000, cents % 100 * 100];
    Some(parts.iter().flat_map(|part| (*part as u16).to_be_bytes()).collect())
}

fn instant(n: u32) -> Option<Vec<u8>> {
    Some((i64::from(n) * 1_000_000).to_be_bytes().to_vec())
}

fn document(n: u32) -> Option<Vec<u8>> {
    let plan = ["free", "pro", "team"][n as usize % 3];
    Some(format!("\u{1}{{\"n\": {n}, \"plan\": \"{plan}\", \"nested\": {{\"a\": {}}}}}", n % 7).into_bytes())
}

fn tags(n: u32) -> Option<Vec<u8>> {
    array(25, &[format!("t{}", n % 10).into_bytes(), format!("tag{}", n % 100).into_bytes()])
}
