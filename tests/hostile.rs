//! Several writers at once, with everything that may go wrong in a transaction, while the loop polls: nothing is missed.

use crate::support::{Random, Sandbox, Session, wait_until};
use std::time::{Duration, Instant};

const TABLE: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON t (updated_at, id);
    INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 4000) g;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
    CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TABLE plain (id int PRIMARY KEY, n int DEFAULT 0); INSERT INTO plain SELECT generate_series(0, 3);";

/// One transaction of 0 to 1 s on the rows of this writer, with everything that may go wrong in one.
fn hostile_transaction(session: &mut Session, writer: u64, random: &mut Random) {
    session.execute("BEGIN");
    for _ in 0..=random.below(4) {
        let id = random.below(1000) * 4 + writer;
        session.execute(match random.below(6) {
            0 => format!("UPDATE t SET n = n + 1 WHERE id % 4 = {writer}"),
            1 => format!("SAVEPOINT s; UPDATE t SET v = 'undone' WHERE id = {id}; ROLLBACK TO s"),
            2 => format!("SAVEPOINT s; UPDATE t SET v = 'kept' WHERE id = {id}; RELEASE s"),
            3 => format!("DO $$ BEGIN UPDATE t SET v = 'x' WHERE id = {id}; RAISE division_by_zero; EXCEPTION WHEN others THEN
                          UPDATE t SET v = 'caught' WHERE id = {id}; UPDATE plain SET n = n + 1 WHERE id = {writer}; END $$"),
            _ => format!("INSERT INTO t (id, v) SELECT {id} + 4 * g, 'bulk' FROM generate_series(0, 20) g
                          ON CONFLICT (id) DO UPDATE SET n = t.n + 1"),
        }.as_str());
        session.execute(&format!("SELECT pg_sleep({})", random.below(250) as f64 / 1000.0));
    }
    session.execute(if random.chance(10) { "ROLLBACK" } else { "COMMIT" });
}

#[test]
fn several_hostile_writers_while_the_loop_runs() {
    let sandbox =
        Sandbox::new(TABLE).with("CURSOR_OVERLAP", "1s").with("SWEEP_INTERVAL", "365d").with("BATCH_SIZE", 500);
    let mut run = sandbox.run();
    let start = Instant::now();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let mut session = sandbox.session();
            let mut random = Random::new(42 + writer);
            std::thread::spawn(move || {
                while start.elapsed() < Duration::from_secs(10) {
                    hostile_transaction(&mut session, writer, &mut random);
                }
            })
        })
        .collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    sandbox.sql("INSERT INTO t (id, v) VALUES (1000000, 'the end')");
    wait_until("the last row arrives", || {
        assert!(!run.has_ended(), "run ended:\n{}", run.log());
        sandbox.lake_value("SELECT count(*)::VARCHAR FROM t WHERE id = 1000000") == "1"
    });
    // The loop alone got everything: no later cycle is needed once the last commit is in.
    ["t", "plain"].iter().for_each(|table| sandbox.assert_equal(table));
    run.signal("TERM");
    assert_eq!(run.finish().code, Some(0));
    sandbox.once();
    ["t", "plain"].iter().for_each(|table| sandbox.assert_equal(table));
}
