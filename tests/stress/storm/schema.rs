//! What happens to a table beside its rows: to its columns (`columns`), its key, its files, its name, and to what the settings say of it.

mod columns;

use super::rows;
use super::source::{REGIONS, Table, quote, touch};
use super::step::{Hidden, Step};
use super::values::{Fresh, quoted};
use crate::support::{Column, Random};

/// What a change is chosen by.
pub struct Chooser<'a> {
    pub table: &'a Table,
    /// Names that columns of it once had.
    pub former: &'a [String],
    pub hidden: &'a Hidden,
    pub random: &'a mut Random,
    pub fresh: &'a mut Fresh,
    /// Whether nothing has happened since the last cycle.
    pub first: bool,
}

impl Chooser<'_> {
    /// A change, where the one that was drawn is possible here; some with rows before and after in the same transaction.
    pub fn choose(&mut self) -> Option<Vec<Step>> {
        let mut steps = self.draw()?;
        let mixes = self.random.chance(25);
        if let (Some(Step::Transaction(statements)), true) = (steps.first_mut(), mixes)
            && !statements[0].contains("RENAME TO")
        {
            let name = self.table.quoted();
            statements.insert(0, rows::update(self.table, "WHERE born % 3 = 1", self.random, self.fresh));
            if steps.len() == 1 && self.random.chance(50) {
                steps.push(Step::one(format!("DELETE FROM {name} WHERE born % 9 = 0")));
            }
        }
        Some(steps)
    }

    fn draw(&mut self) -> Option<Vec<Step>> {
        let name = self.table.quoted();
        let alter = |change: String| vec![Step::one(format!("ALTER TABLE {name} {change}"))];
        match self.random.below(24) {
            0 | 1 => self.add().map(alter),
            2 | 3 => self.drop().map(alter),
            4 | 5 => self.add_again(),
            6 | 7 => self.rename(),
            8 => self.swap(),
            9 | 10 => self.change_type(true).map(alter),
            11..=13 => self.change_type(false).map(alter),
            14..=16 => self.change_key(),
            17 => Some(vec![self.rewrite()]),
            18 => Some(vec![self.truncate()]),
            19 => self.recreate(),
            20 => Some(vec![Step::one(self.rename_table())]),
            21 => self.hide(),
            22 => Some(vec![Step::one(format!(
                "ALTER TYPE test.spot ADD ATTRIBUTE a{} integer CASCADE",
                self.fresh.number()
            ))]),
            _ => self.partition(),
        }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.random.below(limit as u64) as usize
    }

    /// Another key; the triggers of setup have to be told.
    fn change_key(&mut self) -> Option<Vec<Step>> {
        let (table, name) = (self.table, self.table.quoted());
        if table.partitions.is_some() {
            return None;
        }
        let key: Vec<&Column> = table.columns.iter().filter(|column| table.is_key(column)).collect();
        let anew = |columns: &[String]| {
            format!("DROP CONSTRAINT {}, ADD PRIMARY KEY ({})", quote(&table.key_constraint), columns.join(", "))
        };
        let names: Vec<String> = key.iter().map(|column| quote(&column.name)).collect();
        let last = key.last()?;
        let change = match self.random.below(6) {
            0 if last.declared == "integer" => format!("ALTER COLUMN {} TYPE bigint", quote(&last.name)),
            1 if ["integer", "bigint"].contains(&last.declared.as_str()) && last.name != "born" => {
                format!("ALTER COLUMN {} TYPE text", quote(&last.name))
            }
            2 if table.key != ["born"] => anew(&["born".into()]),
            3 if key.len() == 1 => {
                let new = quote(&format!("tenant{}", self.fresh.number()));
                format!("ADD COLUMN {new} integer NOT NULL DEFAULT 1, {}", anew(&[new.clone(), names[0].clone()]))
            }
            4 if key.len() == 2 => anew(&names[1..]),
            5 if !last.name.starts_with("uid") => {
                let new = quote(&format!("uid{}", self.fresh.number()));
                let default = "DEFAULT md5(nextval('test.extra')::text)::uuid";
                format!("ADD COLUMN {new} uuid NOT NULL {default}, {}", anew(std::slice::from_ref(&new)))
            }
            _ => return None,
        };
        // The trigger that sees changed keys holds on to the types of their columns.
        let trigger = format!("DROP TRIGGER IF EXISTS zz_pg2duck_key ON {name}");
        Some(vec![Step::one(format!("{trigger}; ALTER TABLE {name} {change}")), Step::Setup])
    }

    /// All rows in new files, and nothing else.
    fn rewrite(&mut self) -> Step {
        let name = self.table.quoted();
        if self.table.partitions.is_none() && self.random.chance(50) {
            return Step::Alone(format!("CLUSTER {name} USING {}", quote(&self.table.key_constraint)));
        }
        Step::Alone(format!("VACUUM FULL {name}"))
    }

    fn truncate(&mut self) -> Step {
        let name = self.table.quoted();
        let truncate = format!("TRUNCATE {name}");
        let insert = rows::insert(self.table, &name, 3, self.random, self.fresh);
        Step::Transaction(if self.random.chance(70) { vec![truncate, insert] } else { vec![truncate] })
    }

    /// A new table takes the place, the name and most of the rows of the old one.
    fn recreate(&mut self) -> Option<Vec<Step>> {
        let name = self.table.quoted();
        if self.table.partitions.is_some() || !self.first {
            return None;
        }
        let names: Vec<_> = self.table.columns.iter().map(|column| quote(&column.name)).collect();
        let names = names.join(", ");
        let touches = if self.table.has("updated_at") { touch(&name) } else { String::new() };
        let rows = if self.random.chance(50) { "" } else { "WHERE born % 4 <> 0" };
        let sql = format!(
            "ALTER TABLE {name} RENAME TO old_one; CREATE TABLE {name} (LIKE old_one INCLUDING DEFAULTS INCLUDING INDEXES);
             INSERT INTO {name} ({names}) SELECT {names} FROM old_one {rows}; DROP TABLE old_one; {touches}"
        );
        Some(vec![Step::one(sql.trim_end().trim_end_matches(';')), Step::Setup])
    }

    /// Another name, another case, or there and back.
    fn rename_table(&mut self) -> String {
        let old = self.table.name.clone();
        let other_case = if old == old.to_lowercase() { old.to_uppercase() } else { old.to_lowercase() };
        let renaming = |from: &str, to: &str| format!("ALTER TABLE {} RENAME TO {}", quote(from), quote(to));
        match self.random.below(3) {
            0 => renaming(&old, &other_case),
            1 => format!("{}; {}", renaming(&old, "elsewhere"), renaming("elsewhere", &old)),
            _ if old.ends_with("_2") => renaming(&old, old.trim_end_matches("_2")),
            _ => renaming(&old, &format!("{old}_2")),
        }
    }

    /// A column is left out or masked from now on.
    fn hide(&mut self) -> Option<Vec<Step>> {
        let column = self.column()?.name;
        Some(vec![Step::Setting {
            number: self.table.number,
            name: self.table.name.clone(),
            mask: self.random.chance(50),
            column,
        }])
    }

    fn partition(&mut self) -> Option<Vec<Step>> {
        let (table, name) = (self.table, self.table.quoted());
        let partitions = table.partitions.as_ref()?;
        let free: Vec<_> =
            REGIONS.into_iter().filter(|region| !partitions.iter().any(|(_, own)| own == region)).collect();
        let attach = |part: &str, region: &str| {
            format!("ALTER TABLE {name} ATTACH PARTITION {part} FOR VALUES IN ({})", quoted(region))
        };
        let statements = match (self.random.below(3), free.first()) {
            (0 | 1, Some(region)) => {
                let part = format!("parts.p_{region}_{}", self.fresh.number());
                let mut own = table.clone();
                own.partitions = Some(vec![(part.clone(), (*region).to_owned())]);
                let rows = rows::insert(&own, &part, 3, self.random, self.fresh);
                format!("CREATE TABLE {part} (LIKE {name} INCLUDING DEFAULTS); {rows}; {}", attach(&part, region))
            }
            (drawn, _) if partitions.len() > 1 => {
                let (part, region) = &partitions[self.below(partitions.len())];
                let then = if drawn == 2 { attach(part, region) } else { format!("DROP TABLE {part}") };
                format!("ALTER TABLE {name} DETACH PARTITION {part}; {then}")
            }
            _ => return None,
        };
        Some(vec![Step::one(statements), Step::Setup])
    }
}
