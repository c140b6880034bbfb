//! What the storm itself knows of the source: every version that was written, told by row triggers of its own, and what each
//! table held at each cycle. It looks at nothing that pg2duck wrote.
//!
//! A column is known by its table's oid and its attnum. Where a table was made anew, columns go on by the names and types that
//! they had at the last cycle.

use super::cells::{Value, expressions, value};
use super::source::Table;
use super::step::Hidden;
use crate::support::{Column, Session};
use std::collections::BTreeMap;

const LOG: &str = "
    CREATE TABLE test.versions (seq bigserial PRIMARY KEY, epoch integer, op text, image text[],
                                at timestamptz DEFAULT clock_timestamp(), xid xid8 DEFAULT pg_current_xact_id());";

/// A row as the source held it, by the numbers of columns; NULL is left out.
pub type Row = BTreeMap<usize, Value>;

/// A source column through all that happens to it.
#[derive(Debug, Default)]
pub struct Identity {
    pub table: usize,
    /// The relations that it was of, and its attnum there.
    pub parts: Vec<(i64, i16)>,
    /// The names that it had, the newest last.
    pub names: Vec<String>,
    /// Left out or masked: what it held is in the lake no longer.
    pub erased: bool,
    /// Whether a cycle ever saw it.
    pub seen: bool,
}

/// What a table's columns were for a while.
#[derive(Debug)]
pub struct Epoch {
    pub table: Table,
    /// The numbers of its columns.
    pub numbers: Vec<usize>,
}

impl Epoch {
    /// The numbers of the key's columns, which come first.
    pub fn key(&self) -> &[usize] {
        &self.numbers[..self.table.key.len()]
    }
}

/// A version that was written: inserted, updated, deleted, or the table was emptied (`t`).
#[derive(Debug)]
pub struct Event {
    pub seq: u64,
    pub epoch: usize,
    pub op: char,
    pub row: Row,
}

/// What a table held when a cycle began.
#[derive(Debug)]
pub struct Held {
    pub epoch: usize,
    pub rows: Vec<Row>,
    /// The last event until then.
    pub seq: u64,
    /// The instant that the lake names for it.
    pub as_of: String,
}

#[derive(Debug, Default)]
pub struct Oracle {
    pub epochs: Vec<Epoch>,
    /// The epoch of each table.
    pub now: BTreeMap<usize, usize>,
    pub identities: Vec<Identity>,
    pub events: Vec<Event>,
    /// By table, cycle by cycle.
    pub held: BTreeMap<usize, Vec<Held>>,
}

impl Oracle {
    pub fn new(session: &mut Session) -> Self {
        session.execute(LOG);
        Self::default()
    }

    /// The tables as they are.
    pub fn tables(&self) -> Vec<&Table> {
        self.now.values().map(|epoch| &self.epochs[*epoch].table).collect()
    }

    pub fn table(&self, number: usize) -> &Table {
        &self.epochs[self.now[&number]].table
    }

    /// Has the table's writes told as its columns are now.
    pub fn follow(&mut self, session: &mut Session, table: Table) {
        let number = table.number;
        if self.now.get(&number).is_some_and(|epoch| self.epochs[*epoch].table == table) {
            return;
        }
        let numbers: Vec<usize> = table.columns.iter().map(|column| self.number(&table, column)).collect();
        session.execute(&recorder(self.epochs.len(), &table));
        self.now.insert(number, self.epochs.len());
        self.epochs.push(Epoch { table, numbers });
    }

    fn number(&mut self, table: &Table, column: &Column) -> usize {
        let part = (table.relation, column.attnum);
        let known = self.identities.iter().position(|own| own.parts.contains(&part));
        let number = known.or_else(|| self.number_before(table, column)).unwrap_or_else(|| {
            self.identities.push(Identity { table: table.number, ..Identity::default() });
            self.identities.len() - 1
        });
        let identity = &mut self.identities[number];
        if known.is_none() {
            identity.parts.push(part);
        }
        if identity.names.last() != Some(&column.name) {
            identity.names.push(column.name.clone());
        }
        number
    }

    /// The column that the table of another oid had under this name, when the last cycle saw it.
    fn number_before(&self, table: &Table, column: &Column) -> Option<usize> {
        let epoch = &self.epochs[self.held.get(&table.number)?.last()?.epoch];
        let at = epoch.table.columns.iter().position(|own| own.name == column.name)?;
        let same = epoch.table.relation != table.relation && epoch.table.columns[at].declared == column.declared;
        same.then(|| epoch.numbers[at])
    }

    /// What settings say of columns: those that were left out or masked, and former ones that bore their names.
    pub fn hide(&mut self, number: usize, hidden: &Hidden) {
        let now = self.epochs[self.now[&number]].numbers.clone();
        for (at, identity) in self.identities.iter_mut().enumerate().filter(|(_, own)| own.table == number) {
            let name = identity.names.last().expect("a name");
            let bore = identity.names.iter().any(|name| hidden.holds(name));
            identity.erased |= if now.contains(&at) { hidden.holds(name) } else { bore };
        }
    }

    /// Looks at what the source holds, right before a cycle.
    pub fn hold(&mut self, session: &mut Session) {
        self.fetch(session);
        let seq = self.events.last().map_or(0, |event| event.seq);
        for (number, epoch) in self.now.clone() {
            let own = &self.epochs[epoch];
            let query = format!("SELECT to_json({}) FROM {}", image(&own.table.columns, ""), own.table.quoted());
            let rows = session.rows(&query).into_iter().flatten().flatten();
            let rows = rows.map(|line| row(own, &line)).collect();
            own.numbers.iter().for_each(|number| self.identities[*number].seen = true);
            self.held.entry(number).or_default().push(Held { epoch, rows, seq, as_of: String::new() });
        }
    }

    fn fetch(&mut self, session: &mut Session) {
        let last = self.events.last().map_or(0, |event| event.seq);
        let rows = session
            .rows(&format!("SELECT seq, epoch, op, to_json(image) FROM test.versions WHERE seq > {last} ORDER BY seq"));
        for line in rows {
            let [seq, epoch, op, image]: [Option<String>; 4] = line.try_into().expect("four columns");
            let number = |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok()).expect("a number");
            let epoch = number(epoch) as usize;
            let row = image.map(|image| row(&self.epochs[epoch], &image)).unwrap_or_default();
            let op = op.and_then(|op| op.chars().next()).expect("an op");
            self.events.push(Event { seq: number(seq), epoch, op, row });
        }
    }

    /// The events of a table.
    pub fn events_of(&self, number: usize) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| self.epochs[event.epoch].table.number == number)
    }

    /// What a cycle saw of a table, and the one before it.
    pub fn last_two(&self, number: usize) -> (&Held, Option<&Held>) {
        let held = &self.held[&number];
        (held.last().expect("a cycle"), held.len().checked_sub(2).map(|at| &held[at]))
    }
}

fn row(epoch: &Epoch, line: &str) -> Row {
    let texts: Vec<Option<String>> = serde_json::from_str(line).expect("an array of texts");
    let pairs = texts.chunks(2).zip(epoch.table.columns.iter().zip(&epoch.numbers));
    pairs
        .filter_map(|(texts, (column, number))| {
            Some((*number, value(column, texts[0].as_deref(), texts[1].as_deref())?))
        })
        .collect()
}

fn image(columns: &[Column], row: &str) -> String {
    let cells: Vec<String> = columns.iter().flat_map(|column| expressions(column, row)).collect();
    format!("ARRAY[{}]::text[]", cells.join(", "))
}

/// The trigger of a table, and the function that knows its columns. A changed key is a row gone and another one come.
fn recorder(epoch: usize, table: &Table) -> String {
    let (number, name) = (table.number, table.quoted());
    let log = |op: &str, image: &str| {
        format!("INSERT INTO test.versions (epoch, op, image) VALUES ({epoch}, '{op}', {image});")
    };
    let (old, new) = (image(&table.columns, "OLD."), image(&table.columns, "NEW."));
    let key = |row: &str| image(&table.columns[..table.key.len()], row);
    format!(
        "CREATE OR REPLACE FUNCTION test.record_{number}() RETURNS trigger LANGUAGE plpgsql AS $record$ BEGIN
             IF TG_OP = 'TRUNCATE' THEN
                 {}
             ELSIF TG_OP = 'UPDATE' AND {} = {} THEN
                 {}
             ELSE
                 IF TG_OP <> 'INSERT' THEN {} END IF;
                 IF TG_OP <> 'DELETE' THEN {} END IF;
             END IF;
             RETURN NULL; END $record$;
         DO $do$ BEGIN
             IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = '{}'::regclass AND tgname = 'test_record') THEN
                 CREATE TRIGGER test_record AFTER INSERT OR UPDATE OR DELETE ON {name} FOR EACH ROW
                     EXECUTE FUNCTION test.record_{number}();
                 CREATE TRIGGER test_record_all AFTER TRUNCATE ON {name} FOR EACH STATEMENT
                     EXECUTE FUNCTION test.record_{number}();
             END IF;
         END $do$",
        log("t", "NULL"),
        key("OLD."),
        key("NEW."),
        log("u", &new),
        log("d", &old),
        log("c", &new),
        name.replace('\'', "''"),
    )
}
