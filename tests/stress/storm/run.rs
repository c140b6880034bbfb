//! One storm: from its seed to its last cycle, or to the first that left something wrong.

use super::checks::Look;
use super::lake::LakeRow;
use super::oracle::Oracle;
use super::schema::Chooser;
use super::source::{PRELUDE, Table, create};
use super::step::{Hidden, Step};
use super::values::Fresh;
use super::{Deletes, Storm, rows};
use crate::support::{Random, Sandbox, Session, lake};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How a message begins that tells of a mistake in the storm itself.
pub const OWN: &str = "the storm's own";

pub struct Run {
    storm: Storm,
    sandbox: Sandbox,
    session: Session,
    oracle: Oracle,
    random: Random,
    fresh: Fresh,
    hidden: BTreeMap<usize, Hidden>,
    kept: BTreeMap<usize, Vec<LakeRow>>,
    /// Settings that name tables, as they were last given.
    given: Vec<String>,
    /// What was done so far.
    pub steps: Vec<Step>,
    /// Whether a statement that fails is passed over: something it needs was left out.
    lenient: bool,
    /// How long a cycle takes.
    usual: Duration,
}

impl Run {
    pub fn new(storm: Storm) -> Self {
        let sandbox = Sandbox::new(PRELUDE)
            .with("SYNC_TABLES", "public.*")
            .with("SYNC_MODE", storm.mode.name())
            .with("DIFF_INTERVAL", "0s")
            .with("DELETE_BRAKE", "100%")
            .with("CURSOR_OVERLAP", "1s")
            .with("BATCH_SIZE", 20)
            .with("BOOTSTRAP_CHUNK_PAGES", 1)
            .with("MASK_SALT", "storm");
        let url = format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
        let sandbox = sandbox.with("SETUP_DATABASE_URL", url);
        let mut session = sandbox.session();
        let oracle = Oracle::new(&mut session, storm.mode, storm.deletes);
        Self {
            storm,
            sandbox,
            session,
            oracle,
            random: Random::new(storm.seed),
            fresh: Fresh::new(),
            hidden: BTreeMap::new(),
            kept: BTreeMap::new(),
            given: Vec::new(),
            steps: Vec::new(),
            lenient: false,
            usual: Duration::from_millis(500),
        }
    }

    /// All of it; the error says what is wrong.
    pub fn go(&mut self) -> Result<(), String> {
        self.begin()?;
        for _ in 0..self.storm.cycles {
            let mut first = true;
            for _ in 0..=self.random.below(4) {
                for step in self.choose(first) {
                    self.apply(step)?;
                }
                first = false;
            }
            self.apply(Step::Cycle)?;
        }
        Ok(())
    }

    /// These steps and no others, as far as they are possible.
    pub fn again(&mut self, steps: &[Step]) -> Result<(), String> {
        self.lenient = true;
        steps.iter().try_for_each(|step| self.apply(step.clone()))
    }

    /// The tables, their first rows and their first cycle.
    fn begin(&mut self) -> Result<(), String> {
        let names: &[&str] = if self.random.chance(50) { &["orders", "items"] } else { &["orders", "items", "parted"] };
        for (number, name) in names.iter().enumerate() {
            let sql = create(name, *name == "parted", &mut self.random, &mut self.fresh);
            self.session.execute(&format!("BEGIN; {sql}"));
            let table = Table::look(&mut self.session, number, name);
            self.session.execute("ROLLBACK");
            let count = 1 + self.random.below(30);
            let row = |_| rows::insert(&table, &table.quoted(), 1, &mut self.random, &mut self.fresh);
            let statements = [sql].into_iter().chain((0..count).map(row)).collect();
            self.apply(Step::Create { number, name: (*name).into(), statements })?;
        }
        self.apply(Step::Setup)?;
        self.apply(Step::Cycle)
    }

    fn choose(&mut self, first: bool) -> Vec<Step> {
        let numbers: Vec<usize> = self.oracle.now.keys().copied().collect();
        let number = numbers[self.random.below(numbers.len() as u64) as usize];
        if self.random.chance(45) {
            let former = self.former(number);
            let hidden = self.hidden.entry(number).or_default().clone();
            let table = self.oracle.table(number).clone();
            let (random, fresh) = (&mut self.random, &mut self.fresh);
            let chosen = Chooser { table: &table, former: &former, hidden: &hidden, random, fresh, first }.choose();
            return chosen.unwrap_or_default();
        }
        let table = self.oracle.table(number).clone();
        vec![Step::one(rows::statement(&table, &mut self.session, &mut self.random, &mut self.fresh))]
    }

    fn former(&self, number: usize) -> Vec<String> {
        let own = self.oracle.identities.iter().filter(|own| own.table == number);
        own.flat_map(|own| own.names().into_iter().cloned().collect::<Vec<_>>())
            .filter(|name| name != "_spare")
            .collect()
    }

    fn apply(&mut self, step: Step) -> Result<(), String> {
        self.steps.push(step.clone());
        match step {
            Step::Create { number, name, statements } => {
                statements.iter().try_for_each(|statement| self.execute(statement))?;
                let table = Table::look(&mut self.session, number, &name);
                self.oracle.follow(&mut self.session, table);
            }
            Step::Transaction(statements) => return self.transaction(&statements),
            Step::Alone(statement) => return self.execute(&statement),
            Step::Setup => return self.setup(),
            Step::Setting { number, mask, column, .. } => {
                let hidden = self.hidden.entry(number).or_default();
                if mask { hidden.masked.push(column) } else { hidden.excluded.push(column) }
            }
            Step::Cycle => return self.cycle(),
        }
        Ok(())
    }

    fn transaction(&mut self, statements: &[String]) -> Result<(), String> {
        self.session.execute("BEGIN");
        for statement in statements {
            self.execute(statement)?;
            if !["INSERT", "UPDATE", "DELETE"].iter().any(|word| statement.starts_with(word)) {
                self.follow();
            }
        }
        self.session.execute("COMMIT");
        Ok(())
    }

    /// A statement, or several that come to pass together.
    fn execute(&mut self, statement: &str) -> Result<(), String> {
        if !self.lenient {
            return self.session.try_execute(statement).map_err(|error| format!("{OWN}: {error} in: {statement}"));
        }
        let inside = self.session.try_execute("SAVEPOINT s").is_ok();
        if self.session.try_execute(statement).is_err() && inside {
            self.session.execute("ROLLBACK TO s");
        }
        Ok(())
    }

    /// Finds the tables again, by their oid or, where they were made anew, by their name.
    fn follow(&mut self) {
        let known: Vec<(usize, i64, String)> =
            self.oracle.tables().into_iter().map(|table| (table.number, table.relation, table.name.clone())).collect();
        for (number, relation, name) in known {
            let now = self.session.rows(&format!("SELECT relname FROM pg_class WHERE oid = {relation}"));
            let now = now.into_iter().flatten().flatten().next().unwrap_or(name);
            let table = Table::look(&mut self.session, number, &now);
            self.oracle.follow(&mut self.session, table);
        }
    }

    fn setup(&mut self) -> Result<(), String> {
        let audit = match self.storm.deletes {
            Deletes::Diff => return Ok(()),
            Deletes::Keys => "keys",
            Deletes::Full => "full",
        };
        self.name_settings();
        let setup = self.sandbox.call(&["setup", "--no-notify", "--audit", audit]);
        if setup.code == Some(0) { Ok(()) } else { Err(format!("setup: {:?}\n{}", setup.code, setup.stderr)) }
    }

    /// Tells which columns are left out or masked, under the names that their tables have now.
    fn name_settings(&mut self) {
        for name in std::mem::take(&mut self.given) {
            self.sandbox.unset(&name);
        }
        let settings: Vec<_> = self
            .oracle
            .tables()
            .into_iter()
            .filter_map(|table| Some(self.hidden.get(&table.number)?.settings(table)))
            .flatten()
            .collect();
        for (name, value) in settings {
            self.sandbox.set(&name, value);
            self.given.push(name);
        }
    }

    fn cycle(&mut self) -> Result<(), String> {
        self.name_settings();
        self.oracle.hold(&mut self.session);
        for (number, hidden) in &self.hidden {
            self.oracle.hide(*number, hidden);
        }
        if self.storm.kills {
            self.kill();
        }
        let start = Instant::now();
        let done = self.sandbox.call(&["once"]);
        self.usual = start.elapsed();
        if done.code != Some(0) {
            return Err(format!("once ended with {:?}:\n{}", done.code, done.stderr));
        }
        // Keys are not compared in a cycle that makes up for one that waits.
        if self.storm.deletes == Deletes::Diff && self.storm.kills {
            self.sandbox.once();
        }
        self.note_instants();
        let (sandbox, oracle, hidden, kept) = (&self.sandbox, &self.oracle, &self.hidden, &self.kept);
        let look = Look { sandbox, oracle, hidden, mode: self.storm.mode, deletes: self.storm.deletes, kept };
        self.kept = look.check().map_err(|wrong| format!("wrong after the cycle:\n  {}", wrong.join("\n  ")))?;
        Ok(())
    }

    /// Ends a cycle or two as a power cut would, at any moment.
    fn kill(&mut self) {
        for _ in 0..=self.random.below(2) {
            let started = self.sandbox.start(&["once"]);
            std::thread::sleep(self.usual.mul_f64(self.random.below(110) as f64 / 100.0));
            started.kill();
        }
    }

    /// What the lake says that this cycle shows.
    fn note_instants(&mut self) {
        let connection = lake::open(&self.sandbox.lake_path());
        for (number, held) in &mut self.oracle.held {
            let name = &self.oracle.epochs[self.oracle.now[number]].table.name;
            let query = format!("SELECT as_of::VARCHAR FROM _pg2duck.sync WHERE source_table = '{name}'");
            let as_of = lake::column(&connection, &query).into_iter().flatten().next();
            held.last_mut().expect("held before").as_of = as_of.unwrap_or_default();
        }
    }
}
