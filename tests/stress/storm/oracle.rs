//! What the storm itself knows of the source: every version that was written, told by row triggers of its own, and what each
//! table held at each cycle. It looks at nothing that pg2duck wrote.
//!
//! A column is known by its table's oid and its attnum. Where a table was made anew, columns go on by the names that they had at
//! the last cycle, and have when pg2duck sees the new table first: what they were called in between is known to nobody (`anew`).

mod anew;

use super::cells::{Value, expressions, value};
use super::source::Table;
use super::step::Hidden;
use super::{Deletes, Mode};
use crate::support::{Column, Session};
use std::collections::{BTreeMap, BTreeSet};

const LOG: &str = "
    CREATE TABLE test.versions (seq bigserial PRIMARY KEY, epoch integer, op text, image text[],
                                at timestamptz DEFAULT clock_timestamp(), xid xid8 DEFAULT pg_current_xact_id());";

/// A row as the source held it, by the numbers of columns; NULL is left out.
pub type Row = BTreeMap<usize, Value>;

/// A source column through all that happens to it.
#[derive(Debug, Default)]
pub struct Identity {
    pub table: usize,
    /// What it was in each of the table's relations.
    pub parts: Vec<Part>,
    /// Left out or masked: what it held is in the lake no longer.
    pub erased: bool,
    /// The names by which a cycle saw it, or rows were recorded that pg2duck reads: none where nobody can know of it.
    pub known: BTreeSet<String>,
}

impl Identity {
    /// The names that it had, the newest last.
    pub fn names(&self) -> Vec<&String> {
        let mut names: Vec<&String> = self.parts.iter().flat_map(|part| &part.names).collect();
        names.dedup();
        names
    }

    pub fn is(&self, relation: i64, attnum: i16) -> bool {
        self.parts.iter().any(|part| (part.relation, part.attnum) == (relation, attnum))
    }
}

/// A column of a relation.
#[derive(Debug)]
pub struct Part {
    pub relation: i64,
    pub attnum: i16,
    /// The names that it had there, the newest last.
    pub names: Vec<String>,
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

#[derive(Debug)]
pub struct Oracle {
    mode: Mode,
    deletes: Deletes,
    pub epochs: Vec<Epoch>,
    /// The epoch of each table.
    pub now: BTreeMap<usize, usize>,
    pub identities: Vec<Identity>,
    pub events: Vec<Event>,
    /// By table, cycle by cycle.
    pub held: BTreeMap<usize, Vec<Held>>,
}

impl Oracle {
    pub fn new(session: &mut Session, mode: Mode, deletes: Deletes) -> Self {
        session.execute(LOG);
        Self {
            mode,
            deletes,
            epochs: Vec::new(),
            now: BTreeMap::new(),
            identities: Vec::new(),
            events: Vec::new(),
            held: BTreeMap::new(),
        }
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
        let (relation, attnum) = (table.relation, column.attnum);
        let known = self.identities.iter().position(|own| own.is(relation, attnum));
        let number = known.unwrap_or_else(|| {
            let number = self.number_before(table, &column.name).unwrap_or_else(|| self.new_identity(table.number));
            self.identities[number].parts.push(Part { relation, attnum, names: Vec::new() });
            number
        });
        let mut parts = self.identities[number].parts.iter_mut();
        let part = parts.find(|part| (part.relation, part.attnum) == (relation, attnum)).expect("it has one");
        if part.names.last() != Some(&column.name) {
            part.names.push(column.name.clone());
        }
        number
    }

    fn new_identity(&mut self, table: usize) -> usize {
        self.identities.push(Identity { table, ..Identity::default() });
        self.identities.len() - 1
    }

    /// What settings say of columns: those that were left out or masked, and former ones that bore their names.
    pub fn hide(&mut self, number: usize, hidden: &Hidden) {
        let now = self.epochs[self.now[&number]].numbers.clone();
        for (at, identity) in self.identities.iter_mut().enumerate().filter(|(_, own)| own.table == number) {
            let bore = identity.known.iter().any(|name| hidden.holds(name));
            let bears = identity.names().last().is_some_and(|name| hidden.holds(name));
            identity.erased |= if now.contains(&at) { bears } else { bore };
        }
    }

    /// Looks at what the source holds, right before a cycle.
    pub fn hold(&mut self, session: &mut Session) {
        let recorded = self.recorded_since(session);
        for (number, epoch) in self.now.clone() {
            let own = &self.epochs[epoch];
            let query = format!("SELECT to_json({}) FROM {}", image(&own.table.columns, ""), own.table.quoted());
            let lines: Vec<String> = session.rows(&query).into_iter().flatten().flatten().collect();
            let events = recorded.iter().map(|recorded| recorded.event(&self.epochs));
            let events: Vec<Event> = events.filter(|event| self.epochs[event.epoch].table.number == number).collect();
            let read = self.read_of(&events, epoch, &self.rows(epoch, &lines));
            self.settle(number, read.first().copied().unwrap_or(epoch));
            for epoch in read.into_iter().chain([epoch]) {
                let Epoch { table, numbers } = &self.epochs[epoch];
                for (column, number) in table.columns.iter().zip(numbers) {
                    self.identities[*number].known.insert(column.name.clone());
                }
            }
            let seq = recorded.last().map_or_else(|| self.last_seq(), |last| last.seq);
            let rows = self.rows(epoch, &lines);
            self.held.entry(number).or_default().push(Held { epoch, rows, seq, as_of: String::new() });
        }
        self.events.extend(recorded.iter().map(|recorded| recorded.event(&self.epochs)));
    }

    fn rows(&self, epoch: usize, lines: &[String]) -> Vec<Row> {
        lines.iter().map(|line| row(&self.epochs[epoch], line)).collect()
    }

    fn last_seq(&self) -> u64 {
        self.events.last().map_or(0, |event| event.seq)
    }

    /// The epochs of which pg2duck reads rows that were recorded, in their order: of all, or of those that are gone.
    fn read_of(&self, events: &[Event], now: usize, rows: &[Row]) -> Vec<usize> {
        let is_read = |event: &&Event| match self.mode {
            _ if self.deletes != Deletes::Full || event.op == 't' => false,
            Mode::Mirror => false,
            Mode::SoftDelete => !self.is_there(event, now, rows),
            Mode::History | Mode::Append => true,
        };
        events.iter().filter(is_read).map(|event| event.epoch).collect()
    }

    /// Whether the row's key stands in these rows: its key then, or, where that is none any more, the one of now.
    fn is_there(&self, event: &Event, now: usize, rows: &[Row]) -> bool {
        let [then, now] = [event.epoch, now].map(|epoch| &self.epochs[epoch]);
        let key = if then.key().iter().all(|number| now.numbers.contains(number)) { then.key() } else { now.key() };
        let cells = |row: &Row| key.iter().map(|number| Some(row.get(number)?.text.clone())).collect::<Vec<_>>();
        let own = cells(&event.row);
        rows.iter().any(|row| cells(row) == own)
    }

    /// What the storm's triggers recorded since the last cycle.
    fn recorded_since(&self, session: &mut Session) -> Vec<Recorded> {
        let last = self.last_seq();
        let rows = session
            .rows(&format!("SELECT seq, epoch, op, to_json(image) FROM test.versions WHERE seq > {last} ORDER BY seq"));
        let recorded = |line: Vec<Option<String>>| {
            let [seq, epoch, op, image]: [Option<String>; 4] = line.try_into().expect("four columns");
            let number = |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok()).expect("a number");
            let op = op.and_then(|op| op.chars().next()).expect("an op");
            Recorded { seq: number(seq), epoch: number(epoch) as usize, op, image }
        };
        rows.into_iter().map(recorded).collect()
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

/// An event as its trigger wrote it down.
struct Recorded {
    seq: u64,
    epoch: usize,
    op: char,
    image: Option<String>,
}

impl Recorded {
    fn event(&self, epochs: &[Epoch]) -> Event {
        let Self { seq, epoch, op, image } = self;
        let row = image.as_ref().map(|image| row(&epochs[*epoch], image)).unwrap_or_default();
        Event { seq: *seq, epoch: *epoch, op: *op, row }
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
