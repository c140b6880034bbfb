//! What must hold after every cycle, in whatever mode. Each check answers with what is wrong.

mod appended;
mod marked;
mod past;

use super::cells::Image;
use super::lake::{LakeRow, LakeTable};
use super::oracle::{Event, Identity, Oracle, Row};
use super::source::quote;
use super::step::Hidden;
use super::values::words;
use super::{Deletes, Mode};
use crate::support::{Sandbox, lake};
use duckdb::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// What is looked at, and what is known of it.
pub struct Look<'a> {
    pub sandbox: &'a Sandbox,
    pub oracle: &'a Oracle,
    pub hidden: &'a BTreeMap<usize, Hidden>,
    pub mode: Mode,
    pub deletes: Deletes,
    /// What the lake kept of the past after the last cycle, by table.
    pub kept: &'a BTreeMap<usize, Vec<LakeRow>>,
}

/// What is wrong, a line each.
pub type Wrong = Vec<String>;

impl Look<'_> {
    /// Looks at all tables. Returns what the lake keeps of the past now, for the next time.
    pub fn check(&self) -> Result<BTreeMap<usize, Vec<LakeRow>>, Wrong> {
        let lake = lake::open(&self.sandbox.lake_path());
        let errors = lake::column(
            &lake,
            "SELECT source_table || ': ' || last_error FROM _pg2duck.sync WHERE last_error IS NOT NULL ORDER BY ALL",
        );
        let mut wrong: Wrong = errors.into_iter().flatten().collect();
        wrong.extend(self.left_in_the_clear(&lake));
        let mut kept = BTreeMap::new();
        for number in self.oracle.now.keys() {
            self.living(*number);
            match LakeTable::new(&lake, self.oracle.table(*number), &self.oracle.identities) {
                Ok(table) => {
                    let (past, more) = self.table(*number, &table)?;
                    kept.insert(*number, past);
                    wrong.extend(more.into_iter().map(|line| format!("{}: {line}", table.name)));
                }
                Err(error) => wrong.push(error),
            }
        }
        if wrong.is_empty() { Ok(kept) } else { Err(wrong) }
    }

    fn table(&self, number: usize, table: &LakeTable<'_>) -> Result<(Vec<LakeRow>, Wrong), Wrong> {
        let rows = || table.all().map_err(|error| vec![error]);
        let mut wrong = self.masked_values(number, table);
        let past: Vec<LakeRow> = match self.mode {
            Mode::Mirror => Vec::new(),
            Mode::SoftDelete => rows()?.into_iter().filter(|row| row.own.contains_key("_deleted_at")).collect(),
            Mode::History => rows()?.into_iter().filter(|row| row.own("_is_current") == "false").collect(),
            Mode::Append => rows()?,
        };
        if self.mode != Mode::Mirror {
            wrong.extend(several("values", rows()?.into_iter().filter_map(|row| row.doubled).collect()));
        }
        match self.mode {
            Mode::Mirror => {}
            Mode::SoftDelete => wrong.extend(self.marked_rows(number, table, &past)),
            Mode::History => {
                wrong.extend(self.nothing_is_lost(number, &past, &["_op", "_valid_from", "_valid_to"]));
                wrong.extend(self.past_cycles(number, table)?);
                wrong.extend(self.every_version(number, table, &rows()?));
            }
            Mode::Append => {
                wrong.extend(self.nothing_is_lost(number, &past, &["_op", "_synced_at", "_seq"]));
                wrong.extend(self.every_version(number, table, &past));
                wrong.extend(self.order_of_versions(number, table, &past));
            }
        }
        Ok((past, wrong))
    }

    /// Cell by cell: a view on the rows that live, in a copy of the lake, stands for a mirror's table.
    fn living(&self, number: usize) {
        let (table, hidden) =
            (self.oracle.table(number), self.hidden.get(&number).map(Hidden::names).unwrap_or_default());
        let compare = self.sandbox.compare("public", &table.name).without(&hidden);
        if self.mode == Mode::Mirror {
            return compare.check();
        }
        let copy = self.sandbox.path(&format!("living-{number}.duckdb"));
        std::fs::copy(self.sandbox.lake_path(), &copy).expect("a copy of the lake");
        let lake = duckdb::Connection::open(&copy).expect("the copy opens");
        let name = quote(&table.name);
        let keys: Vec<_> = table.key.iter().map(|column| quote(column)).collect();
        let rows = match self.mode {
            Mode::History => format!("FROM {}", quote(&format!("{}_current", table.name))),
            Mode::SoftDelete => format!("FROM {name} WHERE _deleted_at IS NULL"),
            _ => format!(
                "FROM (FROM {name} QUALIFY row_number() OVER (PARTITION BY {} ORDER BY _seq DESC) = 1) WHERE _op <> 'd'",
                keys.join(", ")
            ),
        };
        lake.execute_batch(&format!("CREATE VIEW living AS {rows}"))
            .unwrap_or_else(|error| panic!("{error} in: {rows}"));
        drop(lake);
        compare.lake_path(copy).lake_name("main", "living").undeclared().check();
    }

    /// A masked column holds hashes, where the source holds anything.
    fn masked_values(&self, number: usize, table: &LakeTable<'_>) -> Wrong {
        let masked = self.hidden.get(&number).map(|hidden| hidden.masked.clone()).unwrap_or_default();
        let masked = masked.iter().filter(|name| self.oracle.table(number).has(name));
        let is_wrong = |name: &&String| {
            let column = quote(name);
            let query = format!(
                "SELECT count(*) FILTER (length({column}::VARCHAR) <> 64)::VARCHAR FROM main.{}",
                quote(&table.name)
            );
            !table.has(name) || lake::value(table.lake, &query) != "0"
        };
        masked
            .filter(is_wrong)
            .map(|name| format!("{name} is masked, and holds other values than hashes, or is missing"))
            .collect()
    }

    /// Words of columns that were left out or masked stand in no table of the lake.
    fn left_in_the_clear(&self, lake: &Connection) -> Wrong {
        let erased = |number: &usize| self.oracle.identities[*number].erased;
        let events = self.oracle.events.iter().map(|event| &event.row);
        let rows = self.oracle.held.values().flatten().flat_map(|held| &held.rows).chain(events);
        let secrets: BTreeSet<&str> = rows
            .flat_map(|row| row.iter().filter(|(number, _)| erased(number)))
            .flat_map(|(_, value)| words(&value.text))
            .collect();
        if secrets.is_empty() {
            return Wrong::new();
        }
        let tables =
            "SELECT format('\"{}\".\"{}\"', schema_name, replace(table_name, '\"', '\"\"')) FROM duckdb_tables()";
        let found = lake::column(lake, tables).into_iter().flatten().filter_map(|table| {
            let text = format!("SELECT coalesce(string_agg(t::VARCHAR, chr(10)), '') FROM {table} AS t");
            let text = lake::value(lake, &text);
            let first = words(&text).find(|word| secrets.contains(word)).map(str::to_owned)?;
            Some(format!("{table} still holds {first} of a column that is left out or masked"))
        });
        found.collect()
    }

    /// What the lake kept of the past it still keeps.
    fn nothing_is_lost(&self, number: usize, now: &[LakeRow], own: &[&str]) -> Wrong {
        let told = |rows: &[LakeRow]| -> Vec<String> {
            let line = |row: &LakeRow| {
                let own: Vec<&str> = own.iter().map(|name| row.own(name)).collect();
                format!("{} {}", own.join(" "), self.show(&self.unerased(&row.image)))
            };
            rows.iter().map(line).collect()
        };
        let kept = self.kept.get(&number).map_or(&[][..], Vec::as_slice);
        let (missing, _) = differences(told(kept), told(now));
        several("is lost or altered", missing)
    }

    /// Without what was left out or masked.
    fn unerased(&self, image: &Image) -> Image {
        image
            .iter()
            .filter(|(number, _)| !self.oracle.identities[**number].erased)
            .map(|(n, v)| (*n, v.clone()))
            .collect()
    }

    /// As far as a row could be told while the table was so: a column that was dropped before stays as it was in rows that nobody
    /// wrote since, one that came later is NULL.
    fn as_in(&self, epoch: usize, image: &Image) -> Image {
        let (now, before) = (&self.oracle.epochs[epoch].numbers, &self.oracle.epochs[..epoch]);
        let was = |number: &usize| before.iter().any(|epoch| epoch.numbers.contains(number));
        let mut image = self.unerased(image);
        image.retain(|number, _| now.contains(number) || !was(number));
        image
    }

    fn show(&self, image: &Image) -> String {
        let name = |identity: &Identity| identity.names().last().map_or("", |name| name.as_str()).to_owned();
        let cells: Vec<_> =
            image.iter().map(|(at, value)| format!("{}#{at}={value:?}", name(&self.oracle.identities[*at]))).collect();
        cells.join(" ")
    }

    fn expected(&self, table: &LakeTable<'_>, row: &Row) -> Image {
        table.expected(row, &self.oracle.identities)
    }

    /// The values of the key that a row had when this was written; none where a part of it is NULL or gone.
    fn key_of<'b>(&self, key: &[usize], image: &'b Image) -> Option<Vec<&'b String>> {
        key.iter().map(|number| image.get(number)).collect()
    }

    fn key_at(&self, event: &Event) -> &[usize] {
        self.oracle.epochs[event.epoch].key()
    }
}

/// What is expected and not found, and what is found and not expected, each as often as it is.
pub fn differences(expected: Vec<String>, found: Vec<String>) -> (Vec<String>, Vec<String>) {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    expected.into_iter().for_each(|line| *counts.entry(line).or_default() += 1);
    found.into_iter().for_each(|line| *counts.entry(line).or_default() -= 1);
    let of = |sign: i64| {
        let lines = counts.iter().filter(move |(_, count)| **count * sign > 0);
        lines.map(move |(line, count)| format!("{}× {line}", count.abs())).collect::<Vec<_>>()
    };
    (of(1), of(-1))
}

/// The first of many lines.
pub fn several(what: &str, lines: Vec<String>) -> Wrong {
    let more = lines.len().saturating_sub(4);
    let mut wrong: Wrong = lines.into_iter().take(4).map(|line| format!("{what}: {line}")).collect();
    if more > 0 {
        wrong.push(format!("{what}: and {more} more"));
    }
    wrong
}
