//! A source that crashes with commits that were visible and not on its disk yet: they are gone, and their transaction ids are given to
//! others. `PG2DUCK_CRASHES=30` asks for more rounds.

use crate::support::{Comparison, Random, Sandbox, Server, Session};
use std::time::Duration;

const TABLES: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, updated_at timestamptz DEFAULT now());
    CREATE INDEX ON t (updated_at, id);
    INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 4000) g;
    CREATE TABLE plain (id int PRIMARY KEY, v text);
    INSERT INTO plain SELECT g, 'v' || g FROM generate_series(1, 4000) g;";

/// Neither overlap nor full scans may hide a hole.
fn following(server: &Server) -> Sandbox {
    Sandbox::new("")
        .with("DATABASE_URL", server.url())
        .with("CURSOR_OVERLAP", "0s")
        .with("SWEEP_INTERVAL", "365d")
        .with("DIFF_INTERVAL", "0s")
}

/// One transaction each.
fn updates(session: &mut Session, text: &str, ids: impl Iterator<Item = usize>) {
    for id in ids {
        session.execute(&format!(
            "UPDATE t SET v = '{text}', updated_at = clock_timestamp() WHERE id = {id}; UPDATE plain SET v = '{text}' WHERE id = {id}"
        ));
    }
}

fn crash(server: &mut Server) {
    server.shell(&format!("$as {}/pg_ctl stop -s -m immediate -D {}/data", server.programs, server.folder));
    server.resume();
}

fn follow_through_crashes(commit: &str, writer_delay: &str) {
    let mut server = Server::start();
    server.session().execute(&format!("ALTER SYSTEM SET wal_writer_delay = '{writer_delay}'"));
    server.session().execute("SELECT pg_reload_conf()");
    server.session().execute(TABLES);
    let sandbox = following(&server);
    sandbox.once();
    let mut random = Random::new(7);
    let rounds = std::env::var("PG2DUCK_CRASHES").map_or(3, |rounds| rounds.parse().expect("a number of crashes"));
    for round in 0..rounds {
        let mut writer = server.session();
        writer.execute(&format!("SET synchronous_commit = {commit}"));
        let first = 1 + random.below(3000) as usize;
        // In turns: read at rest and then taken back, or while it is being written.
        let run = (round % 2 == 1).then(|| sandbox.run());
        updates(&mut writer, &format!("taken back {round}"), first..first + 20);
        writer.execute(&format!("DELETE FROM t WHERE id BETWEEN {} AND {}", first + 30, first + 34));
        writer.execute(&format!("INSERT INTO plain VALUES ({}, 'taken back')", 10_000 + round));
        match run.is_some() {
            true => std::thread::sleep(Duration::from_millis(random.below(1500))),
            false => drop(sandbox.once()),
        }
        crash(&mut server);
        updates(&mut server.session(), &format!("lasting {round}"), first + 15..first + 55);
        if let Some(run) = run {
            run.signal("TERM");
            run.finish();
        }
        sandbox.once();
        for table in ["t", "plain"] {
            Comparison::new(server.session(), sandbox.lake_path(), "public", table).check();
        }
    }
}

#[test]
fn commits_that_a_crash_takes_back_are_never_counted_as_read() {
    follow_through_crashes("off", "1s");
}

#[test]
fn the_same_with_a_wal_writer_as_it_is_by_default() {
    follow_through_crashes("off", "200ms");
}

#[test]
fn commits_that_last_are_read_through_crashes() {
    follow_through_crashes("on", "200ms");
}
