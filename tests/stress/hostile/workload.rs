//! Writers that do to a table with a key whatever a transaction can do to it, from a seed.

use crate::support::{Random, Session};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub const WRITERS: u64 = 6;
/// Rows below this id are anyone's, and written last in a transaction; of the others a writer owns those whose id leaves its
/// number.
const SHARED: u64 = 8;

/// One writer.
pub struct Writer {
    pub session: Session,
    pub number: u64,
    pub seed: u64,
    pub tables: Vec<String>,
    /// Whether it empties whole tables now and then.
    pub truncates: bool,
}

/// What a writer did.
#[derive(Debug, Clone, Copy, Default)]
pub struct Done {
    pub committed: u64,
    pub truncated: u64,
}

impl Writer {
    /// Writes until it is told to stop.
    pub fn write(mut self, stop: &Arc<AtomicBool>) -> Done {
        let mut random = Random::new(self.seed.wrapping_mul(1000) + self.number);
        let mut done = Done::default();
        while !stop.load(Ordering::Relaxed) {
            let truncates = self.truncates && random.below(60) == 0;
            let outcome =
                if truncates { self.truncate(&mut random).map(|()| true) } else { self.transaction(&mut random) };
            match outcome {
                Ok(committed) => {
                    done.committed += u64::from(committed);
                    done.truncated += u64::from(truncates);
                }
                Err(error) if error.contains("deadlock") || error.contains("lock timeout") => {
                    self.session.execute("ROLLBACK");
                }
                Err(error) => panic!("writer {} of seed {}: {error}", self.number, self.seed),
            }
        }
        done
    }

    /// A transaction of 0 to 2 s; whether it was committed.
    fn transaction(&mut self, random: &mut Random) -> Result<bool, String> {
        let pause = [0, 0, 0, 20, 300][random.below(5) as usize];
        self.session.try_execute("BEGIN")?;
        for _ in 0..=random.below(4) {
            let statement = self.statement(random);
            self.session.try_execute(&statement)?;
            self.pause(random, pause)?;
        }
        if random.chance(25) {
            let statement = self.shared(random);
            self.session.try_execute(&statement)?;
        }
        match random.below(100) {
            0..=3 => self.session.try_execute("ROLLBACK").map(|()| false),
            4..=11 => self.commit_in_two_phases(random),
            _ => self.session.try_execute("COMMIT").map(|()| true),
        }
    }

    fn pause(&mut self, random: &mut Random, limit: u64) -> Result<(), String> {
        self.session.try_execute(&format!("SELECT pg_sleep({})", random.below(limit + 1) as f64 / 1000.0))
    }

    fn commit_in_two_phases(&mut self, random: &mut Random) -> Result<bool, String> {
        let name = format!("'hostile ' || current_database() || ' {}'", self.number);
        let name = self.session.value(&format!("SELECT quote_literal({name})"));
        self.session.try_execute(&format!("PREPARE TRANSACTION {name}"))?;
        self.pause(random, 1000)?;
        let commits = random.chance(85);
        let end = if commits { "COMMIT" } else { "ROLLBACK" };
        self.session.try_execute(&format!("{end} PREPARED {name}")).map(|()| commits)
    }

    /// Empties a table, now and then with something in it at once.
    fn truncate(&mut self, random: &mut Random) -> Result<(), String> {
        let table = self.table(random);
        let mut statements = format!("BEGIN; SET LOCAL lock_timeout = '300ms'; TRUNCATE {table}; ");
        if random.chance(70) {
            statements += &format!("INSERT INTO {table} (id, n) {}; ", self.new_rows(random, 200));
        }
        self.session.try_execute(&(statements + "COMMIT"))
    }

    fn table(&self, random: &mut Random) -> String {
        self.tables[random.below(self.tables.len() as u64) as usize].clone()
    }

    fn new_rows(&self, random: &mut Random, count: u64) -> String {
        let n = random.below(1_000_000_000);
        format!("SELECT nextval('ids') * {WRITERS} + {}, {n} + g FROM generate_series(1, {count}) g", self.number)
    }

    /// Something that is done to a row that is anyone's.
    fn shared(&self, random: &mut Random) -> String {
        let (table, id, n) = (self.table(random), random.below(SHARED), random.below(1_000_000_000));
        let insert = format!("INSERT INTO {table} (id, n) VALUES ({id}, {n}) ON CONFLICT (id) DO UPDATE SET n = {n}");
        match random.below(4) {
            0 => format!("DELETE FROM {table} WHERE id = {id}"),
            1 => format!("DELETE FROM {table} WHERE id = {id}; {insert}"),
            2 => insert,
            _ => format!("UPDATE {table} SET n = {n} WHERE id = {id}"),
        }
    }

    /// Something that is done to this writer's rows.
    fn statement(&self, random: &mut Random) -> String {
        let (t, n, writer) = (self.table(random), random.below(1_000_000_000), self.number);
        let own = |random: &mut Random| WRITERS * (SHARED.div_ceil(WRITERS) + random.below(120)) + writer;
        let (id, other) = (own(random), own(random));
        let some = |count: u64| format!("id % {WRITERS} = {writer} AND id BETWEEN {id} AND {id} + {count} * {WRITERS}");
        let update = format!("UPDATE {t} SET n = {n} WHERE id = {id}");
        let delete = format!("DELETE FROM {t} WHERE id = {id}");
        let insert = format!("INSERT INTO {t} (id, n) VALUES ({id}, {n}) ON CONFLICT (id) DO NOTHING");
        let free = |key: u64| format!("NOT EXISTS (SELECT FROM {t} WHERE id = {key})");
        let rename = format!("UPDATE {t} SET id = {other}, n = {n} WHERE id = {id} AND {}", free(other));
        match random.below(19) {
            0 => format!("INSERT INTO {t} (id, n) {}", self.new_rows(random, 15)),
            1 => format!("UPDATE {t} SET n = {n} + id WHERE {}", some(30)),
            2 => delete,
            3 => format!("{delete}; INSERT INTO {t} (id, n) VALUES ({id}, {n})"),
            4 => insert,
            5 => format!("UPDATE {t} SET id = nextval('ids') * {WRITERS} + {writer} WHERE {}", some(3)),
            6 => rename,
            7 => format!("DELETE FROM {t} WHERE {}", some(50)),
            8 => format!("SAVEPOINT s; {delete}; {rename}; ROLLBACK TO s; {update}"),
            9 => format!("SAVEPOINT s; {delete}; SAVEPOINT inner_one; {insert}; RELEASE inner_one; RELEASE s"),
            // Two rows change keys with each other.
            10 => format!(
                "UPDATE {t} SET id = -1 - {writer} WHERE id = {id}; UPDATE {t} SET id = {id} WHERE id = {other};
                 UPDATE {t} SET id = {other} WHERE id = -1 - {writer}"
            ),
            11 => format!("{delete}; {insert}; {update}; {delete}"),
            12 => format!("UPDATE {t} SET n = n WHERE {}", some(5)),
            13 => format!(
                "INSERT INTO {t} (id, n) SELECT {id} + {WRITERS} * g, {n} + g FROM generate_series(0, 30) g
                 ON CONFLICT (id) DO UPDATE SET n = excluded.n"
            ),
            14 => format!(
                "DO $$ BEGIN {delete}; RAISE division_by_zero; EXCEPTION WHEN others THEN {update}; END; $$;
                 DO $$ BEGIN BEGIN {delete}; EXCEPTION WHEN others THEN NULL; END; {insert}; END $$"
            ),
            15 => {
                let second = self.table(random);
                format!("{delete}; {}; {}", delete.replace(&t, &second), update.replace(&t, &second))
            }
            16 => format!("{insert}; {delete}"),
            // Deleted and inserted by one statement.
            17 => format!(
                "WITH gone AS (DELETE FROM {t} WHERE {} RETURNING id) INSERT INTO {t} (id, n) SELECT id, {n} + id FROM gone",
                some(4)
            ),
            _ => update,
        }
    }
}
