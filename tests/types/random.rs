//! Tables of random columns of any type, with random values from the edges of their ranges, in as many rows as batches are
//! large, or one more or less: bootstrap and incremental, compared to the last cell with the lake and with the archive.
//!
//! `PG2DUCK_PROPERTY_SEEDS=100` tries more tables, `PG2DUCK_PROPERTY_SEED=n` one of them again.

use crate::support::{EVERY_TYPE, Edges, Random, SETUP, Sandbox};

/// Tables that are synced together, with one BATCH_SIZE.
const GROUP: u64 = 5;

/// A type and a source of values for it.
struct Kind {
    declared: String,
    value: Box<dyn Fn(&mut Random) -> String>,
}

fn pick<'a, T>(random: &mut Random, from: &'a [T]) -> &'a T {
    &from[random.below(from.len() as u64) as usize]
}

fn scalar(edges: &'static Edges) -> Kind {
    let value = |random: &mut Random| edges.literal(random.below(edges.values.len() as u64) as usize);
    Kind { declared: edges.declared.into(), value: Box::new(value) }
}

/// A type of which ARRAY[…] makes an array.
fn element(random: &mut Random) -> Kind {
    let no_arrays =
        |edges: &&Edges| !edges.declared.ends_with(']') && !["numbers", "grid", "spots"].contains(&edges.declared);
    let elements: Vec<_> = EVERY_TYPE.iter().filter(no_arrays).collect();
    let chosen: &&Edges = pick(random, &elements);
    scalar(chosen)
}

fn or_null(random: &mut Random, kind: &Kind) -> String {
    if random.chance(20) { "NULL".into() } else { (kind.value)(random) }
}

fn array(item: Kind) -> Kind {
    let declared = format!("{}[]", item.declared);
    let (list, cast) = (item, declared.clone());
    let value = move |random: &mut Random| {
        let items =
            |random: &mut Random| (0..random.below(4)).map(|_| or_null(random, &list)).collect::<Vec<_>>().join(", ");
        match random.below(10) {
            0 => format!("array_fill({}, ARRAY[2], ARRAY[0])", (list.value)(random)),
            1 => format!("ARRAY[ARRAY[{}]]::{cast}", (list.value)(random)),
            _ => format!("ARRAY[{}]::{cast}", items(random)),
        }
    };
    Kind { declared, value: Box::new(value) }
}

fn grid(item: Kind) -> Kind {
    let declared = format!("{}[][]", item.declared);
    let cast = format!("{}[]", item.declared);
    let value = move |random: &mut Random| {
        let width = random.below(3) + 1;
        let row = |random: &mut Random| (0..width).map(|_| or_null(random, &item)).collect::<Vec<_>>().join(", ");
        match random.below(8) {
            0 => format!("'{{}}'::{cast}"),
            1 => format!("ARRAY[{}]::{cast}", row(random)),
            _ => {
                let rows: Vec<_> = (0..random.below(3) + 1).map(|_| format!("ARRAY[{}]", row(random))).collect();
                format!("ARRAY[{}]::{cast}", rows.join(", "))
            }
        }
    };
    Kind { declared, value: Box::new(value) }
}

/// A new composite type; `setup` creates it.
fn composite(random: &mut Random, setup: &mut String, prefix: &str, depth: u64) -> Kind {
    let attributes: Vec<Kind> =
        (0..random.below(4) + 1).map(|at| any(random, setup, &format!("{prefix}_{at}"), depth + 1)).collect();
    let list: Vec<_> =
        attributes.iter().enumerate().map(|(at, kind)| format!("\"A {at}\" {}", kind.declared)).collect();
    setup.push_str(&format!("CREATE TYPE {prefix} AS ({});\n", list.join(", ")));
    let cast = prefix.to_owned();
    let value = move |random: &mut Random| {
        let parts: Vec<_> = attributes.iter().map(|kind| or_null(random, kind)).collect();
        format!("ROW({})::{cast}", parts.join(", "))
    };
    Kind { declared: prefix.into(), value: Box::new(value) }
}

fn domain(setup: &mut String, prefix: &str, base: Kind) -> Kind {
    setup.push_str(&format!("CREATE DOMAIN {prefix} AS {};\n", base.declared));
    let cast = prefix.to_owned();
    Kind { declared: prefix.into(), value: Box::new(move |random| format!("{}::{cast}", (base.value)(random))) }
}

/// Any type; new ones begin with `prefix`.
fn any(random: &mut Random, setup: &mut String, prefix: &str, depth: u64) -> Kind {
    match random.below(if depth < 3 { 12 } else { 4 }) {
        0..4 if depth == 0 => scalar(pick(random, EVERY_TYPE)),
        0..4 => element(random),
        4 | 5 => array(element(random)),
        6 => grid(element(random)),
        7 => array(composite(random, setup, prefix, depth)),
        8 | 9 => composite(random, setup, prefix, depth),
        10 => domain(setup, prefix, element(random)),
        _ => domain(setup, prefix, array(element(random))),
    }
}

/// A table and the values of its columns.
struct Table {
    name: String,
    columns: Vec<Kind>,
    nulls: u64,
    rows: u64,
    numeric_as_text: bool,
}

impl Table {
    /// The table of this seed, created.
    fn create(random: &mut Random, seed: u64, batch_size: u64, sandbox: &mut Sandbox) -> Self {
        let (name, mut setup) = (format!("t{seed}"), String::new());
        let columns: Vec<Kind> =
            (0..random.below(10) + 1).map(|at| any(random, &mut setup, &format!("{name}_{at}"), 0)).collect();
        let list: Vec<_> = columns.iter().enumerate().map(|(at, kind)| format!("c{at} {}", kind.declared)).collect();
        let cursor = if random.chance(50) { ", updated_at timestamptz DEFAULT now()" } else { "" };
        let key = *pick(random, &["id", "kind, id"]);
        sandbox.sql(&format!(
            "{setup} CREATE TABLE {name} (id int, kind text DEFAULT 'k', {}{cursor}, PRIMARY KEY ({key}))",
            list.join(", ")
        ));
        if std::env::var_os("PG2DUCK_PROPERTY_SEED").is_some() {
            println!("{setup}{name}: {}", list.join(", "));
        }
        let rows = *pick(random, &[0, 1, batch_size - 1, batch_size, batch_size + 1, 3 * batch_size]);
        let table =
            Self { name, columns, nulls: *pick(random, &[0, 10, 50, 95]), rows, numeric_as_text: random.chance(30) };
        if table.numeric_as_text {
            sandbox.set(&format!("SYNC_TABLE_T{seed}_NUMERIC"), "text");
        }
        (0..rows).for_each(|id| sandbox.sql(&table.insert(random, id)));
        table
    }

    fn value(&self, random: &mut Random, kind: &Kind) -> String {
        if random.chance(self.nulls) { "NULL".into() } else { (kind.value)(random) }
    }

    fn insert(&self, random: &mut Random, id: u64) -> String {
        let names: Vec<_> = (0..self.columns.len()).map(|at| format!("c{at}")).collect();
        let values: Vec<_> = self.columns.iter().map(|kind| self.value(random, kind)).collect();
        format!("INSERT INTO {} (id, {}) VALUES ({id}, {})", self.name, names.join(", "), values.join(", "))
    }

    /// Changes some rows in some columns and adds some; returns how many.
    fn change(&mut self, random: &mut Random, sandbox: &Sandbox) -> usize {
        let mut changed = 0;
        let columns = &self.columns;
        for id in 0..self.rows {
            if random.chance(40) {
                let at = random.below(columns.len() as u64) as usize;
                let value = self.value(random, &columns[at]);
                sandbox.sql(&format!("UPDATE {} SET c{at} = {value} WHERE id = {id}", self.name));
                changed += 1;
            }
        }
        let added = random.below(4);
        (self.rows..self.rows + added).for_each(|id| sandbox.sql(&self.insert(random, id)));
        self.rows += added;
        changed + added as usize
    }

    /// Compares with the lake, and the files with the source; returns how many rows the files hold.
    fn check(&self, sandbox: &Sandbox, seen: &[std::path::PathBuf]) -> usize {
        let compare = || {
            let comparison = sandbox.compare("public", &self.name);
            if self.numeric_as_text { comparison.numeric_as_text() } else { comparison }
        };
        compare().check();
        let folder = format!("/public.{}/", self.name);
        let own = |file: &std::path::PathBuf| !seen.contains(file) && file.to_string_lossy().contains(&folder);
        compare().check_files(&sandbox.parquet_files().into_iter().filter(own).collect::<Vec<_>>())
    }
}

/// Says the seed where a panic would not.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the table of PG2DUCK_PROPERTY_SEED={}", self.0);
        }
    }
}

fn tables_of(seeds: &[u64]) {
    let batch_size = *pick(&mut Random::new(seeds[0] / GROUP), &[2, 7, 10]);
    let mut sandbox = Sandbox::new(SETUP).with("SYNC_TABLES", "t*").with("BATCH_SIZE", batch_size);
    let mut tables: Vec<(u64, Random, Table)> = Vec::new();
    for seed in seeds {
        let told = Seed(*seed);
        let mut random = Random::new(*seed);
        let table = Table::create(&mut random, *seed, batch_size, &mut sandbox);
        tables.push((*seed, random, table));
        drop(told);
    }
    // A failed cycle names its table.
    sandbox.once();
    for (seed, _, table) in &tables {
        let told = Seed(*seed);
        assert_eq!(table.check(&sandbox, &[]) as u64, table.rows);
        drop(told);
    }
    for _ in 0..2 {
        let seen = sandbox.parquet_files();
        let changed: Vec<usize> = tables.iter_mut().map(|(_, random, table)| table.change(random, &sandbox)).collect();
        sandbox.once();
        for ((seed, _, table), changed) in tables.iter().zip(changed) {
            let told = Seed(*seed);
            // While another test's transaction is open, rows of earlier cycles may be read again.
            assert!(table.check(&sandbox, &seen) >= changed);
            drop(told);
        }
    }
}

#[test]
fn any_table_arrives_and_is_followed() {
    let variable = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    if let Some(seed) = variable("PG2DUCK_PROPERTY_SEED") {
        return tables_of(&[seed]);
    }
    let seeds: Vec<u64> = (0..variable("PG2DUCK_PROPERTY_SEEDS").unwrap_or(GROUP)).collect();
    seeds.chunks(GROUP as usize).for_each(tables_of);
}
