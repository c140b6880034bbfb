//! Files that are lost, replaced, damaged or left behind between two cycles: the next one makes source and lake equal.

use super::crash_safe::{TABLE, change};
use crate::support::{Sandbox, wait_until};

/// Syncs, loses what `lose` takes away, changes the source, syncs again, and compares.
fn survives_the_loss(lose: impl Fn(&Sandbox)) {
    let sandbox = Sandbox::new(TABLE);
    sandbox.sql("CREATE TABLE idle (id int PRIMARY KEY); INSERT INTO idle VALUES (1), (2)");
    sandbox.once();
    change(&sandbox, 1);
    sandbox.once();
    lose(&sandbox);
    change(&sandbox, 2);
    for _ in 0..2 {
        sandbox.once();
        ["t", "idle"].iter().for_each(|table| sandbox.assert_equal(table));
    }
}

#[test]
fn a_lost_state_folder_gives_a_fresh_copy() {
    survives_the_loss(|sandbox| std::fs::remove_dir_all(sandbox.state_path()).unwrap());
}

#[test]
fn a_lost_lake_gives_a_fresh_copy() {
    survives_the_loss(|sandbox| std::fs::remove_file(sandbox.lake_path()).unwrap());
}

#[test]
fn a_lost_parquet_folder_is_no_loss_once_it_was_applied() {
    survives_the_loss(|sandbox| std::fs::remove_dir_all(sandbox.path("parquet")).unwrap());
}

#[test]
fn losing_everything_is_starting_afresh() {
    survives_the_loss(|sandbox| {
        ["state", "lake", "parquet"].iter().for_each(|name| std::fs::remove_dir_all(sandbox.path(name)).unwrap());
    });
}

#[test]
fn a_lake_table_that_someone_dropped_is_copied_afresh() {
    survives_the_loss(|sandbox| {
        duckdb::Connection::open(sandbox.lake_path()).unwrap().execute_batch("DROP TABLE idle").unwrap();
    });
}

#[test]
fn a_lake_replaced_by_an_older_copy_of_itself_is_brought_up_to_date() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    let copy = sandbox.path("copy.duckdb");
    std::fs::copy(sandbox.lake_path(), &copy).unwrap();
    for n in 1..4 {
        change(&sandbox, n);
        sandbox.once();
    }
    std::fs::rename(&copy, sandbox.lake_path()).unwrap();
    // Also when there is nothing new in the source.
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn a_lake_replaced_while_the_loop_runs_is_noticed() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    let copy = sandbox.path("copy.duckdb");
    std::fs::copy(sandbox.lake_path(), &copy).unwrap();
    change(&sandbox, 1);
    let _run = sandbox.run();
    wait_until("the change arrives", || sandbox.lake_value("SELECT count(*)::VARCHAR FROM t WHERE n = 1") != "0");
    std::fs::rename(&copy, sandbox.lake_path()).unwrap();
    change(&sandbox, 2);
    wait_until("both changes are there", || {
        sandbox.lake_value("SELECT count(DISTINCT n)::VARCHAR FROM t WHERE n > 0") == "2"
            && sandbox.lake_value("SELECT count(*)::VARCHAR FROM t") == sandbox.value("SELECT count(*) FROM t")
    });
    sandbox.assert_equal("t");
}

#[test]
fn a_lake_with_an_unfinished_write_ahead_log_is_opened() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    let lake = duckdb::Connection::open(sandbox.lake_path()).unwrap();
    // What a kill -9 in the middle of a cycle leaves: commits that are in the log only.
    lake.execute_batch(
        "PRAGMA disable_checkpoint_on_shutdown; SET checkpoint_threshold = '1TB';
         CREATE TABLE other AS SELECT range AS id, 'x' || range AS v FROM range(300000);
         ALTER TABLE other ADD PRIMARY KEY (id); DELETE FROM other WHERE id % 2 = 0; INSERT INTO other VALUES (2, 'y')",
    )
    .unwrap();
    drop(lake);
    assert!(sandbox.path("lake/warehouse.duckdb.wal").exists());
    sandbox.once();
    change(&sandbox, 1);
    sandbox.once();
    sandbox.assert_equal("t");
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM other"), "150001");
}

#[test]
fn what_a_crash_left_behind_is_removed() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    let applied = sandbox.parquet_files();
    let name = applied[0].file_name().unwrap().to_str().unwrap();
    // As of a cycle that began after the last one and was never completed.
    let later = name.replace("bootstrap", "changes").replacen("20", "29", 1);
    let [orphan, unfinished] = ["", ".tmp"].map(|end| applied[0].with_file_name(format!("{later}{end}")));
    [&orphan, &unfinished].iter().for_each(|path| std::fs::copy(&applied[0], path).map(drop).unwrap());
    let foreign = applied[0].with_file_name("notes.txt");
    std::fs::write(&foreign, "not ours").unwrap();
    change(&sandbox, 1);
    sandbox.once();
    assert!(!orphan.exists() && !unfinished.exists(), "{:?}", sandbox.parquet_files());
    assert!(applied[0].exists() && foreign.exists(), "{:?}", sandbox.parquet_files());
    sandbox.assert_equal("t");
}

#[test]
fn what_a_crash_left_behind_before_anything_was_recorded_is_removed() {
    let sandbox = Sandbox::new(TABLE);
    let folder = sandbox.path("parquet/public.t");
    std::fs::create_dir_all(&folder).unwrap();
    let left =
        ["20200101T000000000000Z-bootstrap-00000001.parquet", "20200101T000000000000Z-bootstrap-00000002.parquet.tmp"]
            .map(|name| folder.join(name));
    left.iter().for_each(|path| std::fs::write(path, "torn").unwrap());
    sandbox.once();
    sandbox.assert_equal("t");
    sandbox.assert_nothing_unfinished();
}
