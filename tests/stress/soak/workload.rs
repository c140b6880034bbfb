//! Eight writers that do everything a transaction can do, from a seed. A trigger on each table appends every row version to
//! `history`, so that the state at any snapshot can be told afterwards. Rows are never deleted here: `hostile` does that.

use crate::support::{Random, Session};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub const WRITERS: u64 = 8;

/// Writers own the rows whose id leaves their number; rows below 8 are anyone's, always locked last, so without deadlock.
/// `parent` is stamped with the transaction's start, `child` with the clock, `plain` not at all.
pub const SOURCE: &str = "
    CREATE TABLE parent (id bigint PRIMARY KEY, n bigint NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE child (id bigint PRIMARY KEY, parent bigint NOT NULL REFERENCES parent, n bigint NOT NULL,
                        updated_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE plain (id bigint PRIMARY KEY, n bigint NOT NULL);
    CREATE INDEX ON parent (updated_at, id);
    CREATE INDEX ON child (updated_at, id);
    CREATE SEQUENCE ids START 10000;
    INSERT INTO parent SELECT g, g FROM generate_series(0, 15999) g;
    INSERT INTO child SELECT g, g / 2, g FROM generate_series(0, 7999) g;
    INSERT INTO plain SELECT g, g FROM generate_series(0, 3999) g;

    CREATE SCHEMA test;
    CREATE TABLE test.history (seq bigserial PRIMARY KEY, source text, key bigint, n bigint,
                               xid xid8 DEFAULT pg_current_xact_id());
    CREATE INDEX ON test.history (source, key, seq);
    INSERT INTO test.history (source, key, n) SELECT 'child', id, n FROM child UNION ALL
        SELECT 'parent', id, n FROM parent UNION ALL SELECT 'plain', id, n FROM plain;

    CREATE FUNCTION test.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.updated_at := CASE TG_TABLE_NAME WHEN 'child' THEN clock_timestamp() ELSE now() END; RETURN NEW; END $$;
    CREATE FUNCTION test.record() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO test.history (source, key, n) VALUES (TG_TABLE_NAME, NEW.id, NEW.n); RETURN NULL; END $$;
    CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON parent FOR EACH ROW EXECUTE FUNCTION test.touch();
    CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON child FOR EACH ROW EXECUTE FUNCTION test.touch();
    CREATE TRIGGER record AFTER INSERT OR UPDATE ON parent FOR EACH ROW EXECUTE FUNCTION test.record();
    CREATE TRIGGER record AFTER INSERT OR UPDATE ON child FOR EACH ROW EXECUTE FUNCTION test.record();
    CREATE TRIGGER record AFTER INSERT OR UPDATE ON plain FOR EACH ROW EXECUTE FUNCTION test.record();";

/// One writer until it is told to stop. Returns how many transactions it committed.
pub fn write(mut session: Session, writer: u64, seed: u64, stop: &Arc<AtomicBool>) -> u64 {
    let mut random = Random::new(seed.wrapping_mul(1000) + writer);
    let mut committed = 0;
    while !stop.load(Ordering::Relaxed) {
        match transaction(&mut session, writer, &mut random) {
            Ok(done) => committed += u64::from(done),
            // A deadlock is part of the game.
            Err(error) if error.contains("deadlock") => session.execute("ROLLBACK"),
            Err(error) => panic!("writer {writer}: {error}"),
        }
    }
    committed
}

/// A transaction of 0 to 3 s; whether it was committed.
fn transaction(session: &mut Session, writer: u64, random: &mut Random) -> Result<bool, String> {
    let pause = if random.chance(50) { 0 } else { 600 };
    session.try_execute("BEGIN")?;
    for _ in 0..=random.below(5) {
        session.try_execute(&statement(writer, random))?;
        session.try_execute(&format!("SELECT pg_sleep({})", random.below(pause + 1) as f64 / 1000.0))?;
    }
    if random.chance(30) {
        session.try_execute(&format!("UPDATE parent SET n = {} WHERE id = {}", number(random), random.below(8)))?;
    }
    match random.below(100) {
        0 => session.try_execute("ROLLBACK").map(|()| false),
        1..=5 => {
            let name = format!("'soak ' || current_database() || ' {writer}'");
            let name = session.value(&format!("SELECT quote_literal({name})"));
            session.try_execute(&format!("PREPARE TRANSACTION {name}"))?;
            session.try_execute(&format!("SELECT pg_sleep({})", random.below(2000) as f64 / 1000.0))?;
            session.try_execute(&format!("COMMIT PREPARED {name}")).map(|()| true)
        }
        _ => session.try_execute("COMMIT").map(|()| true),
    }
}

fn number(random: &mut Random) -> u64 {
    random.below(1_000_000_000)
}

/// Something that is done to this writer's rows.
fn statement(writer: u64, random: &mut Random) -> String {
    let n = number(random);
    let id = 8 + random.below(400) * WRITERS + writer;
    let row = format!("UPDATE parent SET n = {n} WHERE id = {id}");
    let other = format!("UPDATE child SET n = {n} WHERE id IN ({id}, {})", id + WRITERS);
    match random.below(12) {
        // Thousands of equal timestamps.
        0 => format!("UPDATE parent SET n = {n} + id WHERE id % {WRITERS} = {writer} AND id >= 8"),
        1 => format!("SAVEPOINT s; {row}; {other}; ROLLBACK TO s; {}", row.replace("n =", "n = 1 +")),
        2 => format!("SAVEPOINT s; {row}; SAVEPOINT inner_one; {other}; RELEASE inner_one; RELEASE s"),
        3 => format!(
            "DO $$ BEGIN {row}; RAISE division_by_zero; EXCEPTION WHEN others THEN {other}; END; $$;
             DO $$ BEGIN BEGIN {row}; EXCEPTION WHEN others THEN NULL; END; RAISE NOTICE 'done'; END $$"
        ),
        4 | 5 => format!(
            "WITH new AS (INSERT INTO parent SELECT nextval('ids') * {WRITERS} + {writer}, {n} + g
                          FROM generate_series(0, 20) g RETURNING id)
             INSERT INTO child SELECT id, id, {n} FROM new"
        ),
        6 => format!(
            "INSERT INTO child SELECT {id} + {WRITERS} * g, {id}, {n} + g FROM generate_series(0, 300) g
             ON CONFLICT (id) DO UPDATE SET n = excluded.n"
        ),
        7 => format!("UPDATE plain SET n = {n} + id WHERE id % {WRITERS} = {writer} AND id BETWEEN {id} AND {id} + 80"),
        8 => format!("UPDATE plain SET n = {n} WHERE id = {id}; {row}; {other}"),
        9 => format!("SELECT 1 FROM parent WHERE id = {id} FOR UPDATE"),
        10 => other,
        _ => row,
    }
}

/// A session that begins, writes one row and sits idle in its transaction, again and again.
pub fn idle(mut session: Session, seconds: u64, stop: &Arc<AtomicBool>) {
    session.execute("INSERT INTO parent VALUES (-1, 0)");
    while !stop.load(Ordering::Relaxed) {
        session.execute("BEGIN; UPDATE parent SET n = n + 1 WHERE id = -1");
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(seconds) && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
        session.execute("COMMIT");
    }
}
