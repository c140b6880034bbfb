//! Files that wait for the lake while somebody else is at the archive: lost or damaged ones are read again, by themselves; and two
//! processes that share a PARQUET_DIR leave each other's alone.

use super::crash_safe::{TABLE, change};
use crate::support::{Sandbox, wait_until};
use duckdb::{AccessMode, Config, Connection};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A reader that keeps pg2duck from writing the lake.
fn hold(sandbox: &Sandbox) -> Connection {
    let config = Config::default().access_mode(AccessMode::ReadOnly).unwrap();
    Connection::open_with_flags(sandbox.lake_path(), config).unwrap()
}

/// A table for each way in which rows travel, and its mode.
const TABLES: [(&str, &str); 6] = [
    ("compared", "mirror"),
    ("recorded", "mirror"),
    ("versions", "history"),
    ("log", "append"),
    ("marked", "soft_delete"),
    ("whole", "full"),
];
const ROWS: i32 = 100;

fn sandbox() -> Sandbox {
    let create = TABLES.map(|(table, _)| {
        format!(
            "CREATE TABLE {table} (id int PRIMARY KEY, n int, updated_at timestamptz NOT NULL DEFAULT now());
             INSERT INTO {table} SELECT g, 0 FROM generate_series(1, {ROWS}) g;"
        )
    });
    let mut sandbox = Sandbox::new(&create.concat()).with("SYNC_TABLES", "public.*").with("DIFF_INTERVAL", "1s");
    let url = format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
    sandbox.set("SETUP_DATABASE_URL", url);
    for (table, mode) in TABLES {
        sandbox.set(&format!("SYNC_TABLE_{}_MODE", table.to_uppercase()), mode);
    }
    let setup = sandbox.call(&[
        "setup",
        "--audit",
        "full",
        "--tables",
        "public.recorded,public.versions,public.log,public.marked",
    ]);
    assert_eq!(setup.code, Some(0), "{}", setup.stderr);
    sandbox.once();
    sandbox
}

/// One row of each table is updated, one deleted, one inserted; and there is a new table.
fn change_all(sandbox: &Sandbox, n: i32) {
    for (table, _) in TABLES {
        sandbox.sql(&format!(
            "UPDATE {table} SET n = {n}, updated_at = now() WHERE id = 1; DELETE FROM {table} WHERE id = 1 + {n}"
        ));
        sandbox.sql(&format!("INSERT INTO {table} VALUES ({ROWS} + {n}, {n})"));
    }
    sandbox.sql(&format!("CREATE TABLE new_{n} AS TABLE log; ALTER TABLE new_{n} ADD PRIMARY KEY (id)"));
}

/// The lake holds all that happened in so many changes, once.
fn assert_all(sandbox: &Sandbox, changes: i32) {
    for (table, mode) in TABLES {
        let lake = |sql: &str| -> i32 { sandbox.lake_value(&sql.replace("{}", table)).parse().unwrap() };
        match mode {
            "mirror" | "full" => sandbox.assert_equal(table),
            "soft_delete" => assert_eq!(lake("SELECT count(*)::VARCHAR FROM {}"), ROWS + changes, "{table}"),
            _ => assert_eq!(lake("SELECT count(*)::VARCHAR FROM {}"), ROWS + 3 * changes, "{table}"),
        }
        if !matches!(mode, "mirror" | "full") {
            assert_eq!(lake("SELECT count(*)::VARCHAR FROM {} WHERE _op = 'd'"), changes, "{table}");
            assert_eq!(lake("SELECT max(n)::VARCHAR FROM {} WHERE id = 1"), changes, "{table}");
        }
    }
    (1..=changes).for_each(|n| sandbox.assert_equal(&format!("new_{n}")));
}

/// Has everything wait twice, damages some of the files, and looks at the lake after one more cycle.
fn is_read_again(damage: fn(&Path)) {
    let sandbox = sandbox();
    let mut changes = 0;
    for which in ["all", "first", "last"] {
        let before = sandbox.parquet_files();
        let holder = hold(&sandbox);
        let waiting =
            || -> Vec<PathBuf> { sandbox.parquet_files().into_iter().filter(|file| !before.contains(file)).collect() };
        for queued in 1..3 {
            changes += 1;
            change_all(&sandbox, changes);
            let _run = sandbox.run();
            wait_until("everything waits", || {
                let waits =
                    |table: &str| sandbox.status(&format!("public.{table}")).unwrap()["pending_batches"].as_u64();
                let is_copied =
                    sandbox.status(&format!("public.new_{changes}")).is_some_and(|new| new["pending_batches"] != 0);
                is_copied && TABLES.iter().all(|(table, mode)| *mode == "full" || waits(table) >= Some(queued))
            });
        }
        let files = waiting();
        let folders: std::collections::BTreeSet<&Path> = files.iter().map(|file| file.parent().unwrap()).collect();
        assert_eq!(folders.len(), TABLES.len() + 2, "{files:?}");
        let damaged: Vec<&PathBuf> = match which {
            "all" => files.iter().collect(),
            _ => {
                let of_folder =
                    folders.iter().map(|folder| files.iter().filter(move |file| file.parent() == Some(*folder)));
                of_folder.filter_map(|mut of| if which == "first" { of.next() } else { of.next_back() }).collect()
            }
        };
        damaged.iter().for_each(|file| damage(file));
        drop(holder);
        let finished = sandbox.once();
        // What is read in full at every cycle is read again in any case.
        for folder in folders.iter().filter(|folder| !folder.ends_with("public.whole")) {
            let table = folder.file_name().unwrap().to_string_lossy();
            let told = finished.stderr.lines().any(|line| line.contains("is read again") && line.contains(&*table));
            assert!(told, "{table} after damage to {damaged:?}:\n{}", finished.stderr);
        }
        let start = Instant::now();
        wait_until("a comparison is due", || start.elapsed() > Duration::from_millis(1100));
        sandbox.once();
        assert_all(&sandbox, changes);
    }
}

#[test]
fn waiting_files_that_somebody_deleted_are_read_again() {
    is_read_again(|file| std::fs::remove_file(file).unwrap());
}

#[test]
fn waiting_files_that_were_truncated_are_read_again() {
    is_read_again(|file| {
        let bytes = std::fs::read(file).unwrap();
        std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    });
}

/// DuckDB reads wrong values from such a file.
#[test]
fn waiting_files_with_a_flipped_bit_are_read_again() {
    is_read_again(|file| {
        let mut bytes = std::fs::read(file).unwrap();
        let at = bytes.len() / 4;
        bytes[at] ^= 4;
        std::fs::write(file, bytes).unwrap();
    });
}

/// Another process with the same archive, and a state and a lake of its own.
fn neighbour(sandbox: &Sandbox) -> Sandbox {
    sandbox.beside().with("PARQUET_DIR", sandbox.path("parquet").display())
}

#[test]
fn two_processes_with_one_archive_leave_each_others_files_alone() {
    let first = Sandbox::new(TABLE);
    first.once();
    let mut second = neighbour(&first);
    second.once();
    let before = first.parquet_files();
    let holder = hold(&first);
    for n in 1..3 {
        change(&first, n);
        first.once_fails(1, &["is held by"]);
    }
    let waiting: Vec<PathBuf> = first.parquet_files().into_iter().filter(|file| !before.contains(file)).collect();
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    // As if the first were writing at this moment.
    let unfinished = PathBuf::from(format!("{}.tmp", waiting[0].display()));
    std::fs::copy(&waiting[0], &unfinished).unwrap();
    let is_untouched = |by: &str| {
        let there: Vec<&PathBuf> = waiting.iter().chain([&unfinished]).filter(|file| file.exists()).collect();
        assert_eq!(there.len(), 3, "after {by} of the other process: {there:?}");
    };
    second.once();
    is_untouched("once");
    second.set("PARQUET_RETENTION", "0s");
    change(&first, 3);
    second.once();
    is_untouched("a short retention");
    for arguments in [&["purge", "public.t"][..], &["resync", "public.t"], &["purge", "public.t"]] {
        assert_eq!(second.call(arguments).code, Some(0));
        is_untouched(arguments[0]);
    }
    let url = second.url();
    second.set("DATABASE_URL", "postgres://u:p@127.0.0.1:1/nowhere");
    second.once_fails(2, &["127.0.0.1:1"]);
    second.set("DATABASE_URL", url);
    is_untouched("a failed cycle");
    std::fs::remove_dir_all(second.state_path()).unwrap();
    second.once();
    is_untouched("the lost state");
    second.assert_equal("t");
    drop(holder);
    first.once();
    first.assert_equal("t");
    assert!(!unfinished.exists(), "a process removes what it left itself");
}

#[test]
fn two_loops_with_one_archive_both_keep_up() {
    let first = Sandbox::new(TABLE).with("PARQUET_RETENTION", "1s");
    let second = neighbour(&first);
    let mut loops = [first.run(), second.run()];
    for n in 1..6 {
        change(&first, n);
        for sandbox in [&first, &second] {
            sandbox.wait_until_synced("public.t");
            wait_until("the change arrives", || {
                sandbox.lake_value("SELECT count(*)::VARCHAR FROM t WHERE n = 0 OR n > 0")
                    == first.value("SELECT count(*) FROM t")
            });
        }
    }
    loops.iter_mut().for_each(|run| assert!(!run.has_ended(), "{}", run.log()));
    drop(loops);
    for sandbox in [&first, &second] {
        sandbox.once();
        sandbox.assert_equal("t");
    }
}
