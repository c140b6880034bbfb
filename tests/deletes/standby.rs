//! A standby that is followed with audit triggers: what transactions did that were open on its primary during a cycle.
//!
//! Guards against a standby's `pg_current_snapshot()`, which lists nothing as running: what such a transaction had recorded was then
//! taken for read. `PG2DUCK_LATE_ROUNDS=100` asks for more rounds, of three transactions each.

use crate::support::{Comparison, PASSWORD, ROLE, Sandbox, Server, Session, wait_until};

const MODES: [(&str, &str); 4] = [("m", "mirror"), ("s", "soft_delete"), ("h", "history"), ("a", "append")];

fn rounds() -> u32 {
    std::env::var("PG2DUCK_LATE_ROUNDS").map_or(12, |rounds| rounds.parse().expect("a number of rounds"))
}

/// A primary with a table for each mode and triggers on them, its standby, and who follows that.
fn followed(audit: &str) -> (Server, Server, Sandbox) {
    let primary = Server::start();
    for (table, _) in MODES {
        primary.session().execute(&format!(
            "CREATE TABLE {table} (id int PRIMARY KEY, v text); INSERT INTO {table} SELECT g, 'v' FROM generate_series(1, {}) g",
            500 + 20 * rounds()
        ));
    }
    let mut sandbox = Sandbox::new("").with("DIFF_INTERVAL", "365d").with("SWEEP_INTERVAL", "365d");
    for (table, mode) in MODES {
        sandbox.set(&format!("SYNC_TABLE_{}_MODE", table.to_uppercase()), mode);
    }
    let url = format!("postgres://postgres:postgres@127.0.0.1:{}/postgres", primary.port);
    let setup = sandbox.beside().with("DATABASE_URL", &url).call(&["setup", "--audit", audit, "--role", ROLE]);
    assert_eq!(setup.code, Some(0), "{}", setup.stderr);
    let standby = primary.standby();
    let sandbox = sandbox.with("DATABASE_URL", standby.url());
    (primary, standby, sandbox)
}

/// One cycle, once the standby is where its primary is; then all tables are what they are there.
fn follow(primary: &Server, standby: &Server, sandbox: &Sandbox) {
    let position = primary.session().value("SELECT pg_current_wal_insert_lsn()");
    primary.session().execute("CHECKPOINT");
    let query = format!("SELECT pg_last_wal_replay_lsn() >= '{position}'");
    wait_until("the standby has replayed it", || standby.session().value(&query) == "t");
    let finished = sandbox.once();
    assert!(!finished.stderr.contains("recovery"), "{}", finished.stderr);
    Comparison::new(standby.session(), sandbox.lake_path(), "public", "m").check();
    for (table, alive) in [
        ("s", "FROM s WHERE _deleted_at IS NULL"),
        ("h", "FROM h WHERE _is_current"),
        ("a", "FROM (FROM a QUALIFY row_number() OVER (PARTITION BY id ORDER BY _seq DESC) = 1) WHERE _op <> 'd'"),
    ] {
        let rows = "SELECT string_agg(id || v, ',' ORDER BY id)";
        assert_eq!(
            sandbox.lake_value(&format!("{rows} {alive}")),
            standby.session().value(&format!("{rows} FROM {table}")),
            "{table}"
        );
    }
}

/// Rows that no other transaction touches come and go.
fn write(session: &mut Session, from: u32, text: &str) {
    let (id, next, far) = (from + 1, from + 2, from + 10_000);
    for (table, _) in MODES {
        session.execute(&format!(
            "DELETE FROM {table} WHERE id = {from}; UPDATE {table} SET v = '{text}' WHERE id = {id}; UPDATE {table} SET v = v || '+' WHERE id = {id};
             UPDATE {table} SET id = {far} WHERE id = {next}; INSERT INTO {table} VALUES ({from} + 20000, '{text}')"
        ));
    }
}

fn late_transactions_are_followed(audit: &str) {
    let (primary, standby, sandbox) = followed(audit);
    // Open while the tables are copied.
    let mut first = primary.session();
    first.execute("BEGIN");
    write(&mut first, 400 + 20 * rounds(), "open during the copy");
    follow(&primary, &standby, &sandbox);
    let mut open: Vec<Session> = vec![first];
    for round in 0..rounds() {
        let from = 10 + round * 20;
        let mut late = primary.session();
        late.execute("BEGIN");
        write(&mut late, from, &format!("late {round}"));
        late.execute("SAVEPOINT s");
        write(&mut late, from + 5, "in a savepoint");
        open.push(late);
        write(&mut primary.session(), from + 10, &format!("at once {round}"));
        follow(&primary, &standby, &sandbox);
        // The one that is open longest goes on for another cycle or two.
        if round % 3 > 0 {
            let mut ended = open.remove(0);
            ended.execute(if round % 5 == 4 { "ROLLBACK" } else { "COMMIT" });
        }
    }
    open.iter_mut().for_each(|late| late.execute("COMMIT"));
    follow(&primary, &standby, &sandbox);
    follow(&primary, &standby, &sandbox);
    if audit == "full" {
        // Every version, once.
        for (table, order) in [("h", "_valid_from, _op DESC"), ("a", "_seq")] {
            let told = format!("SELECT string_agg(id || _op, ',' ORDER BY id, {order}) FROM {table} WHERE _op <> 'r'");
            let recorded = format!(
                "SELECT string_agg((coalesce(new, old) ->> 'id') || op::text, ',' ORDER BY (coalesce(new, old) ->> 'id')::int, seq)
                 FROM pg2duck.audit WHERE relid = '{table}'::regclass"
            );
            assert_eq!(sandbox.lake_value(&told), primary.session().value(&recorded), "{table}");
        }
    }
}

#[test]
fn deletes_of_transactions_that_were_open_on_the_primary_are_not_lost() {
    late_transactions_are_followed("keys");
}

#[test]
fn every_version_of_transactions_that_were_open_on_the_primary_is_told_once() {
    late_transactions_are_followed("full");
}

#[test]
fn a_standby_whose_primary_is_asked_follows_them_too() {
    let (primary, standby, sandbox) = followed("keys");
    let url = format!("postgres://{ROLE}:{PASSWORD}@127.0.0.1:{}/postgres", primary.port);
    let sandbox = sandbox.with("PRIMARY_URL", url);
    follow(&primary, &standby, &sandbox);
    let mut late = primary.session();
    late.execute("BEGIN");
    write(&mut late, 10, "late");
    write(&mut primary.session(), 50, "at once");
    follow(&primary, &standby, &sandbox);
    late.execute("COMMIT");
    follow(&primary, &standby, &sandbox);
}
