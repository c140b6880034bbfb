//! Bootstraps that are killed half-way while the source moves on: they go on where they were, and what moved between
//! the part that was read and the part that was not arrives all the same.

use super::crash_safe::TABLE;
use crate::support::{Finished, Sandbox, wait_until};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// 4000 rows on 500 pages, which chunks of 8 pages read in 63 transactions. No overlap and no full scan may hide a hole.
fn prepared() -> Sandbox {
    Sandbox::new(
        "CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0, pad text DEFAULT repeat('x', 900),
                         updated_at timestamptz NOT NULL DEFAULT now());
         CREATE INDEX ON t (updated_at, id);
         INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 4000) g;",
    )
    .with("BOOTSTRAP_CHUNK_PAGES", 8)
    .with("CURSOR_OVERLAP", "0s")
    .with("SWEEP_INTERVAL", "365d")
}

/// Finished files by path, with what changes when one is written again.
type Files = BTreeMap<PathBuf, (u64, SystemTime)>;

fn files(sandbox: &Sandbox) -> Files {
    let complete =
        sandbox.parquet_files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "parquet"));
    // One that is gone by now was not finished.
    let facts =
        |path: PathBuf| path.metadata().ok().map(|facts| (path, (facts.ino(), facts.modified().expect("a time"))));
    complete.filter_map(facts).collect()
}

/// The next start completes the copy, in large chunks.
fn complete(sandbox: &mut Sandbox) -> Finished {
    sandbox.set("BOOTSTRAP_CHUNK_PAGES", 1000);
    sandbox.once()
}

/// Starts the bootstrap and kills it once it has this many files.
fn copy_and_kill(sandbox: &Sandbox, wanted: usize) -> Files {
    let mut run = sandbox.run();
    wait_until("so much is copied", || files(sandbox).len() >= wanted || run.has_ended());
    run.kill();
    let left = files(sandbox);
    assert!(!sandbox.lake_path().exists(), "the copy was over too soon");
    left
}

#[test]
fn finished_chunks_are_kept_and_never_read_again() {
    for workers in [1, 3] {
        let mut sandbox = prepared().with("BOOTSTRAP_WORKERS", workers);
        let mut before = Files::new();
        for wanted in [1, 8, 20] {
            let now = copy_and_kill(&sandbox, wanted);
            // What was being read at the kill had not been noted yet; no file of another moment may differ.
            let kept = before.iter().filter(|(path, facts)| now.get(*path) == Some(facts)).count();
            assert!(kept + workers >= before.len(), "{kept} of {} chunks were kept", before.len());
            before = now;
            sandbox.sql("UPDATE t SET n = n + 1, updated_at = clock_timestamp() WHERE id % 50 = 0");
        }
        complete(&mut sandbox);
        sandbox.assert_equal("t");
        let now = files(&sandbox);
        let kept = before.iter().filter(|(path, facts)| now.get(*path) == Some(facts)).count();
        assert!(kept + workers >= before.len(), "{kept} of {} chunks were kept", before.len());
        sandbox.assert_nothing_unfinished();
    }
}

#[test]
fn rows_that_move_from_an_unread_part_to_a_part_that_was_read_arrive() {
    // Guards against a fence taken from any chunk but the first.
    let mut sandbox = prepared();
    sandbox.sql("DELETE FROM t WHERE id BETWEEN 8 AND 20");
    sandbox.sql("VACUUM (INDEX_CLEANUP ON) t");
    copy_and_kill(&sandbox, 10);
    sandbox.sql("UPDATE t SET v = 'moved to the front', updated_at = clock_timestamp() WHERE id > 3990");
    let moved = sandbox.value("SELECT count(*) FROM t WHERE id > 3990 AND ctid < '(8,0)'");
    assert!(moved != "0", "no row moved to the front");
    complete(&mut sandbox);
    sandbox.assert_equal("t");
}

#[test]
fn rows_that_move_from_a_part_that_was_read_to_an_unread_part_arrive_once() {
    let mut sandbox = prepared();
    copy_and_kill(&sandbox, 10);
    for _ in 0..2 {
        sandbox.sql("UPDATE t SET v = v || '+', updated_at = clock_timestamp() WHERE id < 100");
    }
    complete(&mut sandbox);
    sandbox.assert_equal("t");
}

#[test]
fn a_transaction_open_since_before_the_copy_commits_after_the_kill() {
    let mut sandbox = prepared();
    let mut slow = sandbox.session();
    slow.execute("BEGIN; UPDATE t SET v = 'open all along', updated_at = now() WHERE id IN (1, 2, 3999)");
    copy_and_kill(&sandbox, 10);
    slow.execute("COMMIT");
    complete(&mut sandbox);
    sandbox.assert_equal("t");
}

#[test]
fn a_table_rewritten_half_way_through_its_copy_is_begun_again() {
    for rewrite in [
        "VACUUM FULL t",
        "ALTER TABLE t ALTER n TYPE bigint USING n + 1",
        "BEGIN; CREATE TABLE copy AS SELECT * FROM t WHERE id % 2 = 0; TRUNCATE t; INSERT INTO t SELECT * FROM copy; COMMIT",
        "ALTER TABLE t DROP COLUMN v",
        "DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, updated_at timestamptz NOT NULL); INSERT INTO t VALUES (1, '2001-01-01')",
    ] {
        let mut sandbox = prepared().with("SYNC_TABLES", "t");
        copy_and_kill(&sandbox, 10);
        sandbox.sql(rewrite);
        let finished = complete(&mut sandbox);
        assert!(finished.stderr.contains("starting over"), "after {rewrite}:\n{}", finished.stderr);
        sandbox.assert_equal("t");
        sandbox.assert_nothing_unfinished();
    }
}

#[test]
fn rows_that_move_without_a_new_timestamp_arrive_once_and_a_sweep_brings_them_up_to_date() {
    // Guards against the same key from two chunks where no later change replaces both.
    let mut sandbox = prepared();
    copy_and_kill(&sandbox, 10);
    sandbox.sql("UPDATE t SET v = 'moved' WHERE id < 50");
    complete(&mut sandbox);
    assert_eq!(sandbox.lake_value("SELECT count(*) || ' ' || count(DISTINCT id) FROM t"), "4000 4000");
    sandbox.set("SWEEP_INTERVAL", "0s");
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn a_signal_during_the_first_copy_ends_it_in_time_and_the_next_start_completes_it() {
    let sandbox = Sandbox::new(TABLE).with("BATCH_SIZE", 50);
    sandbox.sql("INSERT INTO t SELECT g, repeat('x', 500) FROM generate_series(10001, 60000) g");
    let run = sandbox.run();
    wait_until("the copy has begun", || sandbox.parquet_files().len() > 3);
    run.signal("TERM");
    let finished = run.finish_within(Duration::from_secs(10));
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    sandbox.sql("UPDATE t SET n = 1, updated_at = now() WHERE id % 100 = 0");
    let sandbox = sandbox.with("BATCH_SIZE", 10_000);
    sandbox.once();
    sandbox.assert_equal("t");
    sandbox.assert_nothing_unfinished();
}

#[test]
fn killed_during_the_first_copy_it_goes_on_where_it_was() {
    let sandbox =
        Sandbox::new(TABLE).with("BATCH_SIZE", 50).with("BOOTSTRAP_CHUNK_PAGES", 50).with("BOOTSTRAP_WORKERS", 2);
    sandbox.sql("INSERT INTO t SELECT g, repeat('x', 500) FROM generate_series(10001, 40000) g");
    for files in [1, 100, 200] {
        let mut run = sandbox.run();
        wait_until("so much is copied", || sandbox.parquet_files().len() >= files || run.has_ended());
        run.kill();
        sandbox.sql("UPDATE t SET n = n + 1, updated_at = now() WHERE id % 50 = 0");
    }
    let copied = sandbox.parquet_files();
    let sandbox = sandbox.with("BATCH_SIZE", 10_000);
    sandbox.once();
    sandbox.assert_equal("t");
    let kept = copied.iter().filter(|file| file.exists()).count();
    assert!(kept > 100, "of {} files only {kept} were used", copied.len());
    sandbox.once();
    sandbox.assert_nothing_unfinished();
}
