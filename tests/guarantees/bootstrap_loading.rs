//! A large bootstrap is loaded into the lake while it is still being read: killed in between it loads nothing twice, rows
//! that move arrive once, and what is given up leaves no trace.

use crate::support::{Running, Sandbox, Session, wait_until};

/// 400,000 rows in chunks of about 70,000: each is worth a load.
fn large() -> Sandbox {
    Sandbox::new(
        "CREATE TABLE t (id int PRIMARY KEY, n int, updated_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO t SELECT g, -g FROM generate_series(1, 400000) g;
         CREATE INDEX ON t (updated_at, id);
         CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1);",
    )
    .with("SYNC_TABLES", "t")
    .with("BOOTSTRAP_CHUNK_PAGES", 450)
    .with("LOCK_TIMEOUT", "2min")
}

/// What the lake holds of the copy; `None` while it is being written, or before.
fn staged(sandbox: &Sandbox) -> Option<u64> {
    let lake = duckdb::Connection::open_with_flags(
        sandbox.lake_path(),
        duckdb::Config::default().access_mode(duckdb::AccessMode::ReadOnly).ok()?,
    );
    let lake = lake.ok()?;
    lake.query_row("SELECT count(*) FROM _pg2duck_staging_t", [], |row| row.get(0)).ok()
}

/// Starts the copy, and stops it by a lock half-way, when something of it is in the lake.
fn half_copied(sandbox: &Sandbox) -> (Running, Session) {
    let copying = sandbox.start(&["once"]);
    wait_until("some chunks are read", || sandbox.parquet_files().len() >= 15);
    let mut blocker = sandbox.session();
    blocker.execute("BEGIN; LOCK TABLE t");
    wait_until("a part of the copy is in the lake", || staged(sandbox).is_some_and(|rows| rows > 60_000));
    let read = sandbox.parquet_files().len();
    assert!(read < 40, "the copy was read completely: {read} files");
    (copying, blocker)
}

#[test]
fn a_copy_killed_half_way_goes_on_with_what_the_lake_holds() {
    let sandbox = large();
    let (copying, blocker) = half_copied(&sandbox);
    copying.kill();
    drop(blocker);
    let held = staged(&sandbox).expect("a staging table");
    // What the lake holds is not loaded again: its files are not needed any more.
    let mut files = sandbox.parquet_files();
    files.sort();
    for file in files.iter().take(held as usize / 10_000) {
        std::fs::write(file, b"unreadable").expect("a file to spoil");
    }
    sandbox.sql("UPDATE t SET n = 0, updated_at = clock_timestamp() WHERE id % 1000 = 0");
    sandbox.once();
    sandbox.compare("public", "t").undeclared().check();
    assert_eq!(sandbox.lake_tables(), ["main.t"]);
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM _pg2duck.staging"), "0");
}

#[test]
fn rows_that_move_while_a_large_copy_is_loaded_arrive_once_and_newest() {
    for mode in ["mirror", "soft_delete", "history", "append"] {
        let sandbox = large().with("SYNC_MODE", mode);
        let (copying, mut blocker) = half_copied(&sandbox);
        // From pages that are loaded to pages that are not read yet. What keeps its timestamp is not among the changes, so
        // only the copy itself can tell that it stands there twice.
        blocker.execute(
            "UPDATE t SET n = n + 1, updated_at = CASE WHEN id % 2 = 0 THEN clock_timestamp() ELSE updated_at END
             WHERE id <= 150000; COMMIT",
        );
        let finished = copying.finish();
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        let counts = "SELECT count(*)::VARCHAR || ' ' || count(DISTINCT id)::VARCHAR FROM t";
        assert_eq!(sandbox.lake_value(counts), "400000 400000", "{mode}");
        assert_eq!(
            sandbox.lake_value("SELECT sum(n)::VARCHAR FROM t"),
            sandbox.value("SELECT sum(n) FROM t"),
            "{mode}"
        );
    }
}

#[test]
fn a_lake_that_is_held_meanwhile_gets_the_copy_at_its_end() {
    let sandbox = large();
    std::fs::create_dir_all(sandbox.lake_path().parent().expect("a folder")).expect("the lake's folder");
    let holder = duckdb::Connection::open(sandbox.lake_path()).expect("the lake, held");
    let copying = sandbox.start(&["once"]);
    wait_until("the copy is read", || copying.log().contains("read completely"));
    drop(holder);
    let finished = copying.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    sandbox.compare("public", "t").undeclared().check();
}

#[test]
fn a_copy_that_is_given_up_leaves_no_staging_table() {
    let mut sandbox = large();
    let (copying, blocker) = half_copied(&sandbox);
    copying.kill();
    drop(blocker);
    sandbox.set("SYNC_TABLES", "other");
    sandbox.once();
    assert_eq!(sandbox.lake_tables(), ["main.other"]);
    // The rewrite makes what was read of it worthless.
    sandbox.set("SYNC_TABLES", "t");
    let (copying, blocker) = half_copied(&sandbox);
    copying.kill();
    drop(blocker);
    sandbox.sql("TRUNCATE t; INSERT INTO t VALUES (1, 1)");
    sandbox.once();
    sandbox.assert_equal("t");
    assert_eq!(sandbox.lake_tables(), ["main.other", "main.t"]);
}
