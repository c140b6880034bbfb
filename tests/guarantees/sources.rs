//! Sources that are not what they were: restored from a backup, made anew, beyond the 32 bits of a transaction id; and one
//! that is a standby. Each has a server of its own, and no overlap or full scan that could hide a hole.

use super::crash_safe;
use crate::support::{Comparison, Sandbox, Server, Session, wait_until};

const TABLES: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0, updated_at timestamptz DEFAULT now());
    CREATE INDEX ON t (updated_at, id);
    INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 4000) g;
    CREATE TABLE plain (id int PRIMARY KEY, v text);
    INSERT INTO plain SELECT g, 'v' || g FROM generate_series(1, 4000) g;";

/// Folders and settings to follow this server with. The sandbox's own database stays unused.
fn following(server: &Server) -> Sandbox {
    Sandbox::new("").with("DATABASE_URL", server.url()).with("CURSOR_OVERLAP", "0s").with("SWEEP_INTERVAL", "365d")
}

fn assert_equal(sandbox: &Sandbox, server: &Server) {
    for table in ["t", "plain"] {
        Comparison::new(server.session(), sandbox.lake_path(), "public", table).check();
    }
}

fn change(session: &mut Session, text: &str, ids: std::ops::Range<u32>) {
    let (first, last) = (ids.start, ids.end);
    session.execute(&format!(
        "UPDATE t SET v = '{text}', updated_at = clock_timestamp() WHERE id BETWEEN {first} AND {last};
         UPDATE plain SET v = '{text}' WHERE id BETWEEN {first} AND {last}"
    ));
}

#[test]
fn a_source_restored_from_an_older_backup_is_copied_afresh_and_said_so() {
    let mut server = Server::start();
    let sandbox = following(&server);
    server.session().execute(TABLES);
    sandbox.once();
    change(&mut server.session(), "in the backup", 1..5);
    server.stop();
    server.shell(&format!("cp -a {0}/data/. {0}/backup", server.folder));
    server.resume();
    for round in 0..10 {
        change(&mut server.session(), &format!("lost with the disk {round}"), 3..50);
    }
    server.session().execute("INSERT INTO t VALUES (9000, 'lost')");
    sandbox.once();
    assert_equal(&sandbox, &server);
    server.stop();
    server.shell(&format!("rm -rf {0}/data; mv {0}/backup {0}/data", server.folder));
    server.resume();
    let finished = sandbox.once();
    let warned = finished.stderr.contains("WARN") && finished.stderr.contains("older than the cursor");
    assert!(warned, "a warning is due:\n{}", finished.stderr);
    assert_equal(&sandbox, &server);
    change(&mut server.session(), "after the restore", 4..9);
    sandbox.once();
    assert_equal(&sandbox, &server);
}

#[test]
fn a_database_dropped_and_restored_under_its_name_is_copied_afresh_and_said_so() {
    let sandbox = Sandbox::new("").with("CURSOR_OVERLAP", "0s").with("SWEEP_INTERVAL", "365d");
    let (port, unused) = (sandbox.cluster.port, sandbox.database.clone());
    let (app, backup) = (format!("{unused}_app"), format!("{unused}_backup"));
    let url = sandbox.url().replace(&unused, &app);
    let sandbox = sandbox.with("DATABASE_URL", url);
    let database = || Session::open(port, &app, "postgres", "postgres");
    sandbox.sql(&format!("CREATE DATABASE {app}"));
    database().execute(TABLES);
    sandbox.once();
    sandbox.sql(&format!("CREATE DATABASE {backup} TEMPLATE {app}"));
    change(&mut database(), "never in the backup", 1..50);
    sandbox.once();
    sandbox.sql(&format!("DROP DATABASE {app} WITH (FORCE)"));
    sandbox.sql(&format!("ALTER DATABASE {backup} RENAME TO {app}"));
    let finished = sandbox.once();
    assert!(finished.stderr.contains("the source is another database than before"), "{}", finished.stderr);
    for table in ["t", "plain"] {
        Comparison::new(database(), sandbox.lake_path(), "public", table).check();
    }
}

/// Moves the server's next transaction id close to the end of the 32 bits, in jumps of less than half of them.
fn move_to_the_end_of_an_epoch(server: &mut Server) {
    server.session().execute("UPDATE pg_database SET datistemplate = false");
    // Nothing but `postgres` is left to freeze.
    ["1", "0"].iter().for_each(|name| server.session().execute(&format!("DROP DATABASE template{name}")));
    server.session().execute("ALTER SYSTEM SET autovacuum = off");
    for next in [1_500_000_000_u32, 3_000_000_000, u32::MAX - 60] {
        server.session().execute("VACUUM FREEZE");
        server.session().execute("CHECKPOINT");
        server.stop();
        // Where the outcome of these transactions is kept: 2 bits each, 256 kB to a file.
        let segment = format!("{}/data/pg_xact/{:04X}", server.folder, next / (1 << 20));
        server.shell(&format!("[ -e {segment} ] || $as dd if=/dev/zero of={segment} bs=262144 count=1 2>/dev/null"));
        server.shell(&format!("$as {}/pg_resetwal -f -x {next} -D {}/data", server.programs, server.folder));
        server.resume();
    }
}

#[test]
fn transaction_ids_that_wrap_around_with_a_transaction_open_across_it() {
    let mut server = Server::start();
    server.session().execute(TABLES);
    move_to_the_end_of_an_epoch(&mut server);
    let sandbox = following(&server);
    let mut writer = server.session();
    change(&mut writer, "before the bootstrap", 1..3);
    sandbox.once();
    assert_equal(&sandbox, &server);
    let mut slow = server.session();
    slow.execute("BEGIN");
    change(&mut slow, "open across the end", 100..110);
    slow.execute("SAVEPOINT s");
    for round in 0..6 {
        change(&mut writer, &format!("round {round}"), 10..20);
        (0..15).for_each(|_| writer.execute("SELECT pg_current_xact_id()"));
        if round == 4 {
            change(&mut slow, "in the next epoch", 120..130);
        }
        sandbox.once();
        assert_equal(&sandbox, &server);
    }
    let next: u64 = writer.value("SELECT pg_current_xact_id()").parse().unwrap();
    assert!(next > u64::from(u32::MAX), "only {next}");
    slow.execute("COMMIT");
    sandbox.once();
    assert_equal(&sandbox, &server);
    change(&mut writer, "well after it", 30..40);
    sandbox.once();
    assert_equal(&sandbox, &server);
}

#[test]
fn a_hot_standby_is_followed_although_it_hides_open_transactions() {
    let primary = Server::start();
    primary.session().execute(TABLES);
    let standby = primary.standby();
    let sandbox = following(&standby);
    let replayed = || replay(&primary, &standby);
    replayed();
    sandbox.once();
    assert_equal(&sandbox, &standby);
    let mut slow = primary.session();
    slow.execute("BEGIN");
    change(&mut slow, "late", 1..5);
    for round in 0..2 {
        change(&mut primary.session(), &format!("round {round}"), 10..20);
        replayed();
        sandbox.once();
        assert_equal(&sandbox, &standby);
    }
    slow.execute("COMMIT");
    replayed();
    sandbox.once();
    assert_equal(&sandbox, &standby);
    assert_equal(&sandbox, &primary);
}

/// Waits until the standby has all that is on the primary's disk.
fn replay(primary: &Server, standby: &Server) {
    let position = primary.session().value("SELECT pg_current_wal_flush_lsn()");
    let query = format!("SELECT pg_last_wal_replay_lsn() >= '{position}'");
    wait_until("the standby has replayed it", || standby.session().value(&query) == "t");
}

/// The primary knows what is open, so polls read ranges, late commits included.
#[test]
fn a_standby_whose_primary_is_asked_is_polled_by_ranges_and_misses_no_late_commit() {
    let primary = Server::start();
    primary.session().execute(TABLES);
    let standby = primary.standby();
    replay(&primary, &standby);
    let sandbox = following(&standby).with("PRIMARY_URL", primary.url());
    sandbox.once();
    assert_equal(&sandbox, &standby);
    let mut late: Vec<Session> = (0..5).map(|_| primary.session()).collect();
    for (number, session) in late.iter_mut().enumerate() {
        let first = 100 + 10 * number as u32;
        session.execute("BEGIN");
        change(session, &format!("late {number}"), first..first + 3);
    }
    let mut writer = primary.session();
    for round in 0..12_u32 {
        change(&mut writer, &format!("round {round}"), 10..20);
        if round % 3 == 0 {
            writer.execute("SET synchronous_commit = off");
        }
        if round >= 4
            && let Some(mut session) = late.pop()
        {
            session.execute("COMMIT");
        }
        // No waiting: the cycle itself makes sure that what had ended has arrived.
        sandbox.once();
        let before = |table: &str| format!("SELECT count(*)::text FROM {table} WHERE v = 'round {round}'");
        assert_eq!(sandbox.lake_value(&before("t")), "11", "what had been committed is there");
    }
    replay(&primary, &standby);
    sandbox.once();
    assert_equal(&sandbox, &standby);
    assert_equal(&sandbox, &primary);
    let status = sandbox.call(&["status"]);
    assert!(!status.stdout.contains("by xmin alone"), "{}", status.stdout);
    // What a range leaves out, a read of the whole table by `xmin` would find.
    writer.execute("UPDATE t SET v = 'backdated', updated_at = '2001-01-01' WHERE id = 4000");
    replay(&primary, &standby);
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT v FROM t WHERE id = 4000"), "v4000");
}

#[test]
fn a_primary_that_cannot_be_asked_costs_ranges_and_no_rows() {
    let primary = Server::start();
    let other = Server::start();
    primary.session().execute(TABLES);
    let standby = primary.standby();
    replay(&primary, &standby);
    for (url, reason) in [
        (other.url(), "is not the primary of the source"),
        (standby.url(), "it is a standby"),
        (other.url().replace(&other.port.to_string(), "1"), "connect to postgres at 127.0.0.1:1"),
    ] {
        let sandbox = following(&standby).with("PRIMARY_URL", url);
        sandbox.once();
        let mut slow = primary.session();
        slow.execute("BEGIN");
        change(&mut slow, reason, 1..5);
        change(&mut primary.session(), "meanwhile", 10..20);
        replay(&primary, &standby);
        sandbox.once();
        slow.execute("COMMIT");
        replay(&primary, &standby);
        sandbox.once();
        assert_equal(&sandbox, &primary);
        let status = sandbox.call(&["status"]);
        assert!(status.stdout.contains("by xmin alone") && status.stdout.contains(reason), "{}", status.stdout);
    }
    let sandbox = following(&primary).with("PRIMARY_URL", primary.url());
    let finished = sandbox.once();
    assert!(finished.stderr.contains("PRIMARY_URL is not used"), "{}", finished.stderr);
}

/// Promotes a standby; it is a primary when this returns.
fn promote(standby: &Server) {
    standby.shell(&format!("$as {}/pg_ctl promote -s -w -D {}/data", standby.programs, standby.folder));
}

/// Its own timeline was not looked at: rows that only the lost primary had stayed, and transaction ids were taken for read.
#[test]
fn a_standby_that_is_another_primarys_now_is_copied_afresh() {
    let primary = Server::start();
    primary.session().execute(TABLES);
    let source = primary.standby();
    replay(&primary, &source);
    let mut sandbox = following(&source).with("PRIMARY_URL", primary.url());
    sandbox.once();
    let second = Server::start();
    second.stop();
    second.shell(&format!("rm -rf {}/data", second.folder));
    let from = format!("host=127.0.0.1 port={} user=postgres password=postgres", primary.port);
    second.shell(&format!(
        "install -d -m 700 $owner {0}/data; $as {1}/pg_basebackup -d '{from}' -D {0}/data -R -c fast -X stream",
        second.folder, second.programs
    ));
    // What only the first primary and its standby have.
    change(&mut primary.session(), "lost", 1..60);
    replay(&primary, &source);
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM t WHERE v = 'lost'"), "60");
    primary.stop();
    let mut second = second;
    second.shell(&format!("rm -f {}/data/postgresql.auto.conf", second.folder));
    second.resume();
    promote(&second);
    change(&mut second.session(), "new", 100..140);
    (0..200).for_each(|_| second.session().execute("SELECT pg_current_xact_id()"));
    let rebuilt = second.standby();
    replay(&second, &rebuilt);
    sandbox.set("DATABASE_URL", rebuilt.url());
    sandbox.set("PRIMARY_URL", second.url());
    let finished = sandbox.once();
    assert!(finished.stderr.contains("its timeline changed"), "{}", finished.stderr);
    assert_equal(&sandbox, &second);
}

#[test]
fn a_primary_that_the_source_follows_no_more_is_not_believed() {
    let old = Server::start();
    old.session().execute(TABLES);
    // A standby is copied only where whole pages are logged.
    old.session().execute("ALTER SYSTEM SET full_page_writes = on");
    old.session().execute("SELECT pg_reload_conf()");
    let new = old.standby();
    old.session().execute("CHECKPOINT");
    replay(&old, &new);
    new.session().execute("CHECKPOINT");
    let source = new.standby();
    replay(&old, &source);
    let sandbox = following(&source).with("PRIMARY_URL", old.url());
    sandbox.once();
    let said = |text: &str| sandbox.call(&["status"]).stdout.contains(text);
    assert!(!said("by xmin alone"), "it is asked as long as it is followed");
    promote(&new);
    let mut late = new.session();
    late.execute("BEGIN");
    change(&mut late, "late", 1..5);
    for round in 0..2 {
        change(&mut new.session(), &format!("round {round}"), 10..20);
        replay(&new, &source);
        sandbox.once();
    }
    late.execute("COMMIT");
    replay(&new, &source);
    sandbox.once();
    assert_equal(&sandbox, &new);
    assert!(said("is not the server that the source follows"), "{}", sandbox.call(&["status"]).stdout);
}

#[test]
fn unlogged_tables_of_a_standby_stop_no_other_table() {
    // Postgres refuses to read them there when their COPY begins. First, in the middle and last by name; then all of them.
    let primary = Server::start();
    primary.session().execute(TABLES);
    let unlogged = ["a_cache", "q_cache", "z_cache"];
    for table in unlogged {
        primary
            .session()
            .execute(&format!("CREATE UNLOGGED TABLE {table} (id int PRIMARY KEY); INSERT INTO {table} VALUES (1)"));
    }
    let standby = primary.standby();
    let arrives = |text: &str| {
        change(&mut primary.session(), text, 10..20);
        let found = format!("SELECT count(*) FROM plain WHERE v = '{text}'");
        wait_until("the standby has replayed it", || standby.session().value(&found) == "11");
    };
    arrives("before");
    for table in unlogged {
        let sandbox = following(&standby).with("SYNC_TABLES", format!("t,plain,{table}"));
        for round in ["first", "second"] {
            sandbox.once_fails(1, &[&format!("public.{table}"), "unlogged"]);
            assert_equal(&sandbox, &standby);
            arrives(&format!("after the {round} of {table}"));
        }
    }
    let sandbox = following(&standby);
    let mut run = sandbox.run();
    ["public.t", "public.plain"].iter().for_each(|table| sandbox.wait_until_synced(table));
    arrives("while it runs");
    for table in ["t", "plain"] {
        let found = format!("SELECT count(*)::VARCHAR FROM {table} WHERE v = 'while it runs'");
        wait_until("the change arrives", || sandbox.lake_value(&found) == "11");
    }
    assert!(!run.has_ended());
    assert_equal(&sandbox, &standby);
}

#[test]
fn another_database_behind_the_same_settings_is_read_afresh_and_said_so() {
    let mut sandbox = Sandbox::new(crash_safe::TABLE);
    sandbox.once();
    let other = Sandbox::new(crash_safe::TABLE);
    other.sql("DELETE FROM t WHERE id > 10; UPDATE t SET v = 'from a backup', updated_at = '2001-01-01'");
    sandbox.set("DATABASE_URL", other.url());
    let finished = sandbox.once();
    assert!(finished.stderr.contains("WARN"), "a warning is due:\n{}", finished.stderr);
    other.compare("public", "t").lake_path(sandbox.lake_path()).check();
}
