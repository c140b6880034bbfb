//! What happens to a column: it is added, dropped, added again, renamed, changes names with another, or is of another type.

use super::Chooser;
use crate::stress::storm::source::{FIXED, NAMES, quote};
use crate::stress::storm::step::Step;
use crate::stress::storm::values::{SAME_BYTES, TYPES, WIDER, converted, value};
use crate::support::{Column, Rendering};

impl Chooser<'_> {
    /// A column that may change: not of the key, and not one that a setting names.
    pub(super) fn column(&mut self) -> Option<Column> {
        let hidden = self.hidden;
        let columns: Vec<_> = self.table.plain().into_iter().filter(|column| !hidden.holds(&column.name)).collect();
        if columns.is_empty() { None } else { Some(columns[self.below(columns.len())].clone()) }
    }

    /// A name that no column has, often one that some column had.
    pub(super) fn name(&mut self) -> Option<String> {
        let is_free = |name: &&str| !self.table.has(name) && !self.hidden.holds(name);
        let former: Vec<&str> = self.former.iter().map(String::as_str).filter(is_free).collect();
        let names: Vec<&str> = NAMES.into_iter().filter(is_free).collect();
        let names = if !former.is_empty() && self.random.chance(60) { former } else { names };
        if names.is_empty() { None } else { Some(names[self.random.below(names.len() as u64) as usize].to_owned()) }
    }

    pub(super) fn declared(&mut self) -> &'static str {
        TYPES[self.below(TYPES.len())]
    }

    pub(super) fn add(&mut self) -> Option<String> {
        let (name, declared) = (self.name()?, self.declared());
        Some(self.add_as(&name, declared))
    }

    fn add_as(&mut self, name: &str, declared: &str) -> String {
        let add = format!("ADD COLUMN {} {declared}", quote(name));
        if declared == "test.spot" || self.random.chance(50) {
            return add;
        }
        if declared == "bigint" && self.random.chance(50) {
            return format!("{add} DEFAULT nextval('test.extra')");
        }
        let column = Column { attnum: 0, name: name.into(), declared: declared.into(), rendering: Rendering::Json };
        let default = value(&column, true, self.random, self.fresh);
        format!("{add} {}DEFAULT {default}", if self.random.chance(50) { "NOT NULL " } else { "" })
    }

    pub(super) fn drop(&mut self) -> Option<String> {
        Some(format!("DROP COLUMN {}", quote(&self.column()?.name)))
    }

    /// Dropped and added under the same name: at once, or with rows in between.
    pub(super) fn add_again(&mut self) -> Option<Vec<Step>> {
        let (column, name) = (self.column()?, self.table.quoted());
        let declared = if self.random.chance(50) { column.declared.clone() } else { self.declared().to_owned() };
        let drop = format!("ALTER TABLE {name} DROP COLUMN {}", quote(&column.name));
        let add = format!("ALTER TABLE {name} {}", self.add_as(&column.name, &declared));
        let between = format!("UPDATE {name} SET born = born WHERE born % 3 = 0");
        Some(match self.random.below(3) {
            0 => vec![Step::Transaction(vec![drop, add])],
            1 => vec![Step::Transaction(vec![drop, between, add])],
            _ => vec![Step::one(drop), Step::one(add)],
        })
    }

    pub(super) fn rename(&mut self) -> Option<Vec<Step>> {
        let new = self.name()?;
        let fixed = |column: &&Column| FIXED.contains(&column.name.as_str());
        if self.random.chance(35) {
            let key: Vec<_> =
                self.table.columns.iter().filter(|column| self.table.is_key(column) && !fixed(column)).collect();
            let old = key.get(self.random.below(key.len().max(1) as u64) as usize)?.name.clone();
            return Some(vec![Step::one(self.renaming(&old, &new)), Step::Setup]);
        }
        let old = self.column()?.name;
        Some(vec![Step::one(self.renaming(&old, &new))])
    }

    fn renaming(&self, old: &str, new: &str) -> String {
        format!("ALTER TABLE {} RENAME COLUMN {} TO {}", self.table.quoted(), quote(old), quote(new))
    }

    /// Two columns exchange their names.
    pub(super) fn swap(&mut self) -> Option<Vec<Step>> {
        let (one, other) = (self.column()?.name, self.column()?.name);
        let steps = [(&one, "_spare"), (&other, &one), (&"_spare".to_owned(), &other)];
        let renames = steps.map(|(old, new)| self.renaming(old, new));
        (one != other).then(|| vec![Step::Transaction(renames.into())])
    }

    pub(super) fn change_type(&mut self, wider: bool) -> Option<String> {
        let column = self.column()?;
        let from = column.declared.as_str();
        let to = if wider {
            let fitting: Vec<_> = WIDER.iter().chain(&SAME_BYTES).filter(|(own, _)| *own == from).collect();
            fitting.get(self.below(fitting.len().max(1)))?.1
        } else {
            self.declared()
        };
        let name = quote(&column.name);
        // Postgres 15 fails at this in a table whose partitions number their columns otherwise.
        let fails = to == "test.spot" && self.table.partitions.is_some();
        (to != from && !fails).then(|| {
            format!(
                "ALTER COLUMN {name} DROP DEFAULT, ALTER COLUMN {name} TYPE {to} USING ({})",
                converted(&name, from, to)
            )
        })
    }
}
