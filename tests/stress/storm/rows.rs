//! What a transaction does to rows: inserts, updates, deletes, the same key again, other keys.
//!
//! A key is changed row by row: of many rows that change keys in one statement, which one became which is told by nobody.

use super::source::{Table, quote};
use super::values::{Fresh, quoted};
use crate::support::{Random, Session};

/// A statement on the table's rows, or several.
pub fn statement(table: &Table, session: &mut Session, random: &mut Random, fresh: &mut Fresh) -> String {
    let name = table.quoted();
    let born: Vec<String> =
        session.rows(&format!("SELECT born FROM {name} ORDER BY born")).into_iter().flatten().flatten().collect();
    if born.is_empty() || random.chance(25) {
        return insert(table, &name, 1 + random.below(4), random, fresh);
    }
    let one = born[random.below(born.len() as u64) as usize].clone();
    let this = format!("WHERE born = {one}");
    let some = format!("WHERE born % {} = 0", 2 + random.below(5));
    match random.below(12) {
        0 => format!("DELETE FROM {name} {this}"),
        1 => format!("DELETE FROM {name} {some}"),
        2 => format!("{}; DELETE FROM {name} {this}", update(table, &this, random, fresh)),
        3 => again(table, &one, session, random, fresh),
        4 => other_key(table, &this, random, fresh),
        5 => format!("{}; {}", other_key(table, &this, random, fresh), update(table, &this, random, fresh)),
        6 => format!(
            "{}; DELETE FROM {name} WHERE born > {}",
            insert(table, &name, 2, random, fresh),
            born[born.len() - 1]
        ),
        7 => format!("UPDATE {name} SET born = born {this}"),
        8 => update(table, &some, random, fresh),
        9 => format!("{}; {}", update(table, &this, random, fresh), update(table, &this, random, fresh)),
        _ => update(table, &this, random, fresh),
    }
}

/// New rows, into the table or a partition of it. Some leave a column to its default.
pub fn insert(table: &Table, into: &str, count: u64, random: &mut Random, fresh: &mut Fresh) -> String {
    let columns: Vec<_> = table.columns.iter().filter(|column| column.name != "updated_at").collect();
    let left_out = |column: &&&_| table.plain().contains(*column) && !table.required.contains(&column.name);
    let without =
        if random.chance(20) { columns.iter().find(left_out).map(|column| column.name.clone()) } else { None };
    let columns: Vec<_> = columns.into_iter().filter(|column| Some(&column.name) != without.as_ref()).collect();
    let names: Vec<_> = columns.iter().map(|column| quote(&column.name)).collect();
    let row = |_| {
        let values: Vec<_> = columns.iter().map(|column| table.value_for(column, random, fresh)).collect();
        format!("({})", values.join(", "))
    };
    let rows: Vec<String> = (0..count).map(row).collect();
    format!("INSERT INTO {into} ({}) VALUES {}", names.join(", "), rows.join(", "))
}

/// Other values for a column or two.
pub fn update(table: &Table, rows: &str, random: &mut Random, fresh: &mut Fresh) -> String {
    let plain = table.plain();
    if plain.is_empty() {
        return format!("UPDATE {} SET born = born {rows}", table.quoted());
    }
    let first = random.below(plain.len() as u64) as usize;
    let set: Vec<_> = (0..=random.below(2).min(plain.len() as u64 - 1) as usize)
        .map(|at| plain[(first + at) % plain.len()])
        .map(|column| format!("{} = {}", quote(&column.name), table.value_for(column, random, fresh)))
        .collect();
    format!("UPDATE {} SET {} {rows}", table.quoted(), set.join(", "))
}

/// A column of the key changes; a partitioned table's row may move to another partition.
fn other_key(table: &Table, row: &str, random: &mut Random, fresh: &mut Fresh) -> String {
    let name = &table.key[random.below(table.key.len() as u64) as usize];
    let column = table.columns.iter().find(|column| column.name == *name).expect("the key's columns come first");
    format!("UPDATE {} SET {} = {} {row}", table.quoted(), quote(name), table.value_for(column, random, fresh))
}

/// The row is deleted, and another with its key comes, at once or after a third one had its turn.
fn again(table: &Table, born: &str, session: &mut Session, random: &mut Random, fresh: &mut Fresh) -> String {
    let name = table.quoted();
    let key: Vec<String> = table.key.iter().map(|column| quote(column)).collect();
    let texts: Vec<String> = key.iter().map(|column| format!("{column}::text")).collect();
    let row = session.rows(&format!("SELECT {} FROM {name} WHERE born = {born}", texts.join(", ")));
    let values: Vec<String> = row.into_iter().flatten().flatten().map(|text| quoted(&text)).collect();
    let rest: Vec<_> =
        table.columns.iter().filter(|column| !table.is_key(column) && column.name != "updated_at").collect();
    let names: Vec<_> = key.iter().cloned().chain(rest.iter().map(|column| quote(&column.name))).collect();
    let mut insert = || {
        let new = rest.iter().map(|column| table.value_for(column, random, fresh));
        let values: Vec<_> = values.iter().cloned().chain(new).collect();
        format!("INSERT INTO {name} ({}) VALUES ({})", names.join(", "), values.join(", "))
    };
    let delete = format!("DELETE FROM {name} WHERE born = {born}");
    let first = format!("{delete}; {}", insert());
    if !born.ends_with('3') {
        return first;
    }
    let by_key: Vec<_> = key.iter().zip(&values).map(|(column, value)| format!("{column} = {value}")).collect();
    format!("{first}; DELETE FROM {name} WHERE {}; {}", by_key.join(" AND "), insert())
}
