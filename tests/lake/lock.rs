//! Another process holds the lake file: the batches are kept, the holder is named, and everything catches up later. The
//! holder is this test process, so nothing here may open the file a second time while it holds it: closing the second
//! descriptor would drop the lock of the first.

use crate::support::{Running, Sandbox, wait_until};
use duckdb::{AccessMode, Config, Connection};

const TABLE: &str = "
    CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO t SELECT g FROM generate_series(1, 100) g;";

fn hold(sandbox: &Sandbox, mode: AccessMode) -> Connection {
    let config = Config::default().access_mode(mode).unwrap();
    Connection::open_with_flags(sandbox.lake_path(), config).unwrap()
}

fn waits_and_catches_up(mode: AccessMode) {
    let sandbox = Sandbox::new(TABLE).with("PARQUET_RETENTION", "0s");
    sandbox.once();
    let holder = hold(&sandbox, mode);
    sandbox.sql("UPDATE t SET n = 1, updated_at = now() WHERE id <= 10");
    let pid = format!("PID {}", std::process::id());
    sandbox.once_fails(1, &["warehouse.duckdb", &pid]);
    let waiting = sandbox.status("public.t").unwrap();
    assert_eq!(waiting["state"], "waiting_for_lake", "{waiting}");
    assert_eq!(waiting["pending_batches"], 1, "{waiting}");
    assert!(waiting["error"].as_str().unwrap().contains(&pid), "{waiting}");
    let kept = sandbox.parquet_files();
    assert!(!kept.is_empty(), "unapplied batches are never removed, whatever the retention");
    drop(holder);
    sandbox.sql("UPDATE t SET n = 2, updated_at = now() WHERE id <= 5; INSERT INTO t VALUES (101)");
    sandbox.once();
    sandbox.assert_equal("t");
    assert_eq!(sandbox.status("public.t").unwrap()["state"], "synced");
}

#[test]
fn while_another_process_writes_the_lake_batches_are_kept() {
    waits_and_catches_up(AccessMode::ReadWrite);
}

#[test]
fn while_another_process_reads_the_lake_batches_are_kept() {
    waits_and_catches_up(AccessMode::ReadOnly);
}

#[test]
fn a_holder_that_lets_go_in_time_is_waited_for() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    let holder = hold(&sandbox, AccessMode::ReadWrite);
    sandbox.sql("INSERT INTO t VALUES (101)");
    let files = sandbox.parquet_files().len();
    let once = sandbox.start(&["once"]);
    wait_until("the batch is written", || sandbox.parquet_files().len() > files);
    drop(holder);
    let finished = once.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    sandbox.assert_equal("t");
}

/// What `status` says of the table while `run` works.
fn wait_for_state(sandbox: &Sandbox, run: &mut Running, state: &str) {
    wait_until(&format!("status says {state}"), || {
        assert!(!run.has_ended(), "run ended:\n{}", run.log());
        sandbox.status("public.t").is_some_and(|entry| entry["state"] == state)
    });
}

#[test]
fn the_loop_catches_up_by_itself() {
    let sandbox = Sandbox::new(TABLE);
    let mut run = sandbox.run();
    wait_for_state(&sandbox, &mut run, "synced");
    let mut holder = None;
    wait_until("the lake is free for us", || {
        let config = Config::default().access_mode(AccessMode::ReadWrite).unwrap();
        holder = Connection::open_with_flags(sandbox.lake_path(), config).ok();
        holder.is_some()
    });
    for n in 1..4 {
        let files = sandbox.parquet_files().len();
        sandbox.sql(&format!("UPDATE t SET n = {n}, updated_at = now() WHERE id % {n} = 0"));
        wait_until("its batch is written although the lake is held", || sandbox.parquet_files().len() > files);
    }
    wait_for_state(&sandbox, &mut run, "waiting_for_lake");
    sandbox.sql("INSERT INTO t VALUES (101, 7)");
    drop(holder);
    wait_until("the changes arrive", || sandbox.lake_value("SELECT count(*)::VARCHAR FROM t WHERE n = 7") == "1");
    sandbox.assert_equal("t");
    wait_for_state(&sandbox, &mut run, "synced");
}

#[test]
fn a_lake_held_before_the_first_cycle_is_filled_later() {
    let sandbox = Sandbox::new(TABLE);
    std::fs::create_dir_all(sandbox.path("lake")).unwrap();
    let holder = hold(&sandbox, AccessMode::ReadWrite);
    sandbox.once_fails(1, &[&format!("PID {}", std::process::id())]);
    drop(holder);
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn readers_that_open_and_close_meanwhile_see_whole_cycles_only() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.sql(
        "CREATE TABLE twin (id int PRIMARY KEY, n int DEFAULT 0, updated_at timestamptz DEFAULT now());
         INSERT INTO twin VALUES (1)",
    );
    sandbox.sql("UPDATE t SET n = 0 WHERE id = 1");
    let mut run = sandbox.run();
    wait_for_state(&sandbox, &mut run, "synced");
    for n in 1..6 {
        sandbox.sql(&format!(
            "BEGIN; UPDATE t SET n = {n}, updated_at = now() WHERE id = 1; UPDATE twin SET n = {n}, updated_at = now(); COMMIT"
        ));
        wait_until("the change arrives", || {
            let both = sandbox.lake_value("SELECT t.n || '=' || twin.n FROM t, twin WHERE t.id = 1");
            let (left, right) = both.split_once('=').unwrap();
            assert_eq!(left, right, "half a transaction is visible");
            left == n.to_string()
        });
    }
}

/// What polls saw while a reader held the lake went with the copy that a change of the schema asked for.
#[test]
fn what_waits_for_a_held_lake_lands_before_a_table_is_copied_renamed_or_forgotten() {
    // A table each; what it is called then, and which column holds what it held before.
    let changes = [
        ("retyped", "ALTER TABLE retyped ALTER v TYPE int USING length(v)", "retyped", "v__2"),
        ("gained", "ALTER TABLE gained ADD COLUMN extra int DEFAULT 7", "gained", "v"),
        ("former", "ALTER TABLE former RENAME TO latter", "latter", "v"),
        ("a", "ALTER TABLE a RENAME TO x; ALTER TABLE b RENAME TO a; ALTER TABLE x RENAME TO b", "b", "v"),
        ("dropped", "DROP TABLE dropped", "dropped", "v"),
        ("asked", "", "asked", "v"),
    ];
    let create = |name: &str| {
        format!(
            "CREATE TABLE {name} (id int PRIMARY KEY, v text); INSERT INTO {name} VALUES (1, 'first'), (2, 'stays');"
        )
    };
    let each = |sql: &dyn Fn(&str) -> String| changes.iter().map(|(name, ..)| sql(name)).collect::<Vec<_>>().join(";");
    for (mode, order) in [("history", "_valid_from"), ("append", "_seq")] {
        let sandbox = Sandbox::new(&format!("{}; {}", each(&create), create("b"))).with("SYNC_MODE", mode);
        let sandbox = sandbox.with("DELETES", "off");
        sandbox.once();
        let holder = hold(&sandbox, AccessMode::ReadOnly);
        sandbox.sql(&each(&|name| format!("UPDATE {name} SET v = 'second' WHERE id = 1")));
        sandbox.once_fails(1, &["warehouse.duckdb"]);
        sandbox.sql(&each(&|name| format!("UPDATE {name} SET v = 'third' WHERE id = 1")));
        changes.iter().for_each(|(_, change, ..)| sandbox.sql(change));
        // Sees the changes while the lake is held.
        assert_eq!(sandbox.call(&["resync", "asked"]).code, Some(1));
        sandbox.once_fails(1, &["warehouse.duckdb"]);
        drop(holder);
        sandbox.once();
        for (name, _, lake_table, column) in changes {
            let versions =
                format!("SELECT string_agg(DISTINCT {column}, ' ' ORDER BY {column}) FROM {lake_table} WHERE id = 1");
            let seen = sandbox.lake_value(&versions);
            assert!(seen.starts_with("first second"), "{mode}, {name}: {seen}");
            if name != "dropped" {
                let last = format!("SELECT v::VARCHAR FROM {lake_table} WHERE id = 1 ORDER BY {order} DESC LIMIT 1");
                let source = sandbox.value(&format!("SELECT v::text FROM {lake_table} WHERE id = 1"));
                assert_eq!(sandbox.lake_value(&last), source, "{mode}, {name}");
            }
        }
        assert_eq!(sandbox.status("public.dropped"), None, "{mode}: forgotten once nothing waits");
    }
}

/// A full read of a view took the place of those that waited, although a history tells each.
#[test]
fn full_reads_that_wait_for_a_held_lake_are_all_told_where_the_past_is_kept() {
    let sandbox = Sandbox::new("CREATE TABLE b (id int PRIMARY KEY, v text); INSERT INTO b VALUES (1, 'b0'); CREATE VIEW h AS TABLE b; CREATE VIEW l AS TABLE b; CREATE VIEW f AS TABLE b")
        .with("SYNC_TABLES", "h,l,f")
        .with("POSTGRES_PRIMARY_KEY", "id")
        .with("SYNC_TABLE_H_MODE", "history")
        .with("SYNC_TABLE_L_MODE", "append")
        .with("SYNC_TABLE_F_MODE", "full_append");
    sandbox.once();
    let holder = hold(&sandbox, AccessMode::ReadOnly);
    for v in ["b1", "b2"] {
        sandbox.sql(&format!("UPDATE b SET v = '{v}'"));
        sandbox.once_fails(1, &["warehouse.duckdb"]);
    }
    drop(holder);
    sandbox.once();
    for table in ["h", "l", "f"] {
        let seen = sandbox.lake_value(&format!("SELECT string_agg(DISTINCT v, ' ' ORDER BY v) FROM {table}"));
        assert_eq!(seen, "b0 b1 b2", "{table}");
    }
}

/// Settings that hid a column while a reader held the lake hide it under the next name, too.
#[test]
fn a_column_that_was_hidden_while_the_lake_was_held_is_not_shown_under_another_name() {
    for mode in ["mirror", "history"] {
        let mut sandbox =
            Sandbox::new("CREATE TABLE t (id int PRIMARY KEY, secret text); INSERT INTO t VALUES (1, 'x')")
                .with("SYNC_MODE", mode)
                .with("MASK_SALT", "salt");
        sandbox.once();
        let holder = hold(&sandbox, AccessMode::ReadOnly);
        sandbox.sql("INSERT INTO t VALUES (2, 'clear')");
        sandbox.once_fails(1, &["warehouse.duckdb"]);
        sandbox.set("SYNC_TABLE_T_MASK", "secret");
        sandbox.sql("INSERT INTO t VALUES (3, 'masked')");
        sandbox.once_fails(1, &["warehouse.duckdb"]);
        sandbox.sql("ALTER TABLE t RENAME TO q");
        sandbox.once_fails(1, &[]);
        drop(holder);
        sandbox.once_fails(1, &["was left out or masked as \"secret\"", "SYNC_TABLE_Q_MASK"]);
        let lake_table = if sandbox.lake_tables().contains(&"main.q".into()) { "q" } else { "t" };
        assert_eq!(
            sandbox.lake_value(&format!("SELECT count(*)::VARCHAR FROM {lake_table} WHERE secret = 'masked'")),
            "0"
        );
        sandbox.set("SYNC_TABLE_Q_MASK", "secret");
        sandbox.once();
        let clear = "SELECT count(*)::VARCHAR FROM q WHERE secret IN ('x', 'clear', 'masked')";
        assert_eq!(sandbox.lake_value(clear), "0", "{mode}");
    }
}

/// What was hidden as part of a table stays hidden, whatever waits meanwhile.
#[test]
fn a_partition_detached_while_the_lake_is_held_is_not_copied_in_clear() {
    for mode in ["mirror", "history"] {
        let sandbox = Sandbox::new(
            "CREATE TABLE p (id int PRIMARY KEY, secret text) PARTITION BY RANGE (id);
             CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
             CREATE TABLE p2 PARTITION OF p DEFAULT;
             INSERT INTO p VALUES (1, 'TOP'), (200, 'TOP')",
        )
        .with("SYNC_MODE", mode)
        .with("MASK_SALT", "x")
        .with("SYNC_TABLE_P_MASK", "secret");
        sandbox.once();
        let holder = hold(&sandbox, AccessMode::ReadWrite);
        sandbox.sql("UPDATE p SET secret = 'TOPMOST'");
        assert_eq!(sandbox.call(&["once"]).code, Some(1));
        sandbox.sql("ALTER TABLE p DETACH PARTITION p1; ALTER TABLE p1 RENAME TO q");
        assert_eq!(sandbox.call(&["once"]).code, Some(1));
        drop(holder);
        for _ in 0..2 {
            sandbox.once_fails(1, &["SYNC_TABLE_Q_MASK", "of public.p"]);
            assert!(!sandbox.lake_tables().contains(&"main.q".to_owned()), "{mode}");
            assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM p WHERE p::VARCHAR LIKE '%TOP%'"), "0");
        }
        assert_eq!(sandbox.call(&["resync", "public.q"]).code, Some(0), "{mode}");
        sandbox.once();
        assert_eq!(sandbox.lake_value("SELECT max(secret) FROM q"), "TOPMOST", "{mode}");
    }
}
