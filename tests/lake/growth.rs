//! A lake file does not grow with its uptime: DuckDB never gives room back, so the file is written anew once it has grown too
//! much, and whatever happens meanwhile, the lake stays what it was.

use crate::support::{Sandbox, wait_until};
use std::time::{Duration, Instant};

/// About 30 MB that hardly compress: smaller files are left alone.
const TABLE: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON t (updated_at, id);
    INSERT INTO t SELECT g, (SELECT string_agg(md5(g || '/' || i), '') FROM generate_series(1, 20) i) FROM generate_series(1, 80000) g;";
/// Every row is another one in the lake then.
const CHANGE: &str = "UPDATE t SET n = n + 1, updated_at = now() WHERE id % 10 <> 0";

const QUESTION: &str = "SELECT count(*) || ' ' || sum(n) FROM t";

fn size(sandbox: &Sandbox) -> u64 {
    sandbox.lake_path().metadata().expect("a lake").len()
}

/// What stands in the lake's folder.
fn beside(sandbox: &Sandbox) -> Vec<String> {
    let entries = std::fs::read_dir(sandbox.path("lake")).expect("the lake's folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_file_that_has_grown_is_written_anew_with_all_that_users_made_in_it() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    let fresh = size(&sandbox);
    assert!(fresh > 20 << 20, "{fresh} bytes are too few for this test");
    let lake = duckdb::Connection::open(sandbox.lake_path()).expect("the lake opens");
    lake.execute_batch(
        "CREATE SCHEMA mine; CREATE TABLE mine.notes (id int PRIMARY KEY, note VARCHAR DEFAULT 'none'); INSERT INTO mine.notes VALUES (7, 'seven');
         CREATE VIEW busy AS SELECT id, n FROM t WHERE n > 0; CREATE MACRO twice(x) AS 2 * x; COMMENT ON TABLE mine.notes IS 'ours';",
    )
    .expect("users may add to the lake");
    drop(lake);
    for round in 1..=3 {
        sandbox.sql(CHANGE);
        let told = sandbox.once();
        assert!(told.stderr.contains("wrote the lake file anew"), "{}", told.stderr);
        assert!(size(&sandbox) <= fresh * 12 / 10, "{} bytes, {fresh} at first", size(&sandbox));
        assert_eq!(beside(&sandbox), ["warehouse.duckdb"]);
        sandbox.assert_equal("t");
        let mine = "SELECT concat_ws(' ', note, twice(id), (SELECT count(*) FROM busy), (SELECT max(n) FROM busy)) FROM mine.notes";
        assert_eq!(sandbox.lake_value(mine), format!("seven 14 72000 {round}"));
    }
    let comment = "SELECT comment FROM duckdb_tables() WHERE table_name = 'notes'";
    assert_eq!(sandbox.lake_value(comment), "ours");
    // It is the file that the next cycles know.
    sandbox.sql("UPDATE t SET n = 99, updated_at = now() WHERE id = 5");
    let told = sandbox.once();
    assert!(!told.stderr.contains("anew") && !told.stderr.contains("bootstrapped"), "{}", told.stderr);
    sandbox.assert_equal("t");
}

#[test]
fn killed_while_the_file_is_written_anew_nothing_is_lost_or_left() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    for wait in [0, 30, 100, 300, 1000] {
        sandbox.sql(CHANGE);
        let mut run = sandbox.run();
        let unfinished = sandbox.path("lake/warehouse.duckdb.rewrite");
        wait_until("the new file is begun", || unfinished.exists() || run.has_ended());
        // A moment, not a condition: that it is arbitrary is the point.
        let start = Instant::now();
        wait_until("its moment has come", || start.elapsed() >= Duration::from_millis(wait));
        run.kill();
        let told = sandbox.once();
        assert!(!told.stderr.contains("bootstrapped"), "{}", told.stderr);
        sandbox.assert_equal("t");
        assert_eq!(beside(&sandbox), ["warehouse.duckdb"]);
    }
}

#[test]
fn a_reader_that_came_first_keeps_its_file_and_the_next_one_finds_the_new() {
    let sandbox = Sandbox::new(TABLE).with("SYNC_INTERVAL_SECONDS", 1);
    sandbox.once();
    let run = sandbox.run();
    let unfinished = sandbox.path("lake/warehouse.duckdb.rewrite");
    sandbox.sql(CHANGE);
    wait_until("the new file is begun", || unfinished.exists());
    let access = duckdb::Config::default().access_mode(duckdb::AccessMode::ReadOnly).expect("a setting");
    let reader = duckdb::Connection::open_with_flags(sandbox.lake_path(), access).expect("readers may come");
    let ask = || -> String { reader.query_row(QUESTION, [], |row| row.get(0)).expect("an answer") };
    wait_until("it has the name", || run.log().contains("wrote the lake file anew"));
    assert_eq!(ask(), "80000 72000");
    // Cycles go on beside it: the file that it holds is not the lake's any more.
    sandbox.sql("UPDATE t SET n = 3, updated_at = now() WHERE id = 10");
    wait_until("the next cycle", || run.log().matches("applied").count() >= 2);
    assert_eq!(ask(), "80000 72000");
    drop(reader);
    run.signal("TERM");
    run.finish();
    assert_eq!(sandbox.lake_value(QUESTION), "80000 72003");
    sandbox.assert_equal("t");
}
