//! A machine whose clock is wrong for a while. What it stored then delays nothing once the clock is right again: deleted rows and rows that
//! no cursor tells of are found as soon as their intervals say.

use crate::support::{Sandbox, wait_until};
use std::process::Command;
use std::sync::LazyLock;

/// What sets a process's clock.
static LIBRARY: LazyLock<String> = LazyLock::new(|| {
    let found =
        Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/faketime.sh")).output().expect("the script runs");
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    String::from_utf8_lossy(&found.stdout).trim().to_owned()
});

const TABLES: &str = "
    CREATE TABLE t (id int PRIMARY KEY, v text, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON t (updated_at);
    INSERT INTO t SELECT g, repeat('v', 100), now() - interval '1 day' FROM generate_series(1, 5000) g;
    ANALYZE t;
    CREATE TABLE h (id int PRIMARY KEY, v text);
    INSERT INTO h SELECT g, 'v' FROM generate_series(1, 100) g;";

fn following() -> Sandbox {
    Sandbox::new(TABLES)
        .with("SYNC_TABLE_H_MODE", "history")
        .with("DIFF_INTERVAL", "1s")
        .with("SWEEP_INTERVAL", "1s")
        .with("CURSOR_OVERLAP", "1s")
}

fn set_clock(sandbox: &mut Sandbox, by: &str) {
    sandbox.set("LD_PRELOAD", &*LIBRARY);
    sandbox.set("FAKETIME", by);
    sandbox.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}

/// Deletes, and a row whose cursor does not tell of it.
fn change(sandbox: &Sandbox, number: u32) {
    sandbox.sql(&format!(
        "DELETE FROM t WHERE id = {number}; UPDATE t SET v = 'unseen {number}' WHERE id = {number} + 1000;
         DELETE FROM h WHERE id = {number}; UPDATE h SET v = 'again' WHERE id = {number} + 10"
    ));
}

fn is_equal(sandbox: &Sandbox) -> bool {
    let of = |lake: &str, source: &str| {
        let sum = |table: &str| format!("SELECT count(*)::text || ' ' || sum(id)::text || ' ' || max(v) FROM {table}");
        sandbox.lake_value(&sum(lake)) == sandbox.value(&sum(source))
    };
    of("t", "t") && of("h_current", "h")
}

#[test]
fn a_clock_that_was_wrong_for_one_cycle_delays_nothing() {
    for by in ["+2h", "+400d", "-3h"] {
        let mut sandbox = following();
        sandbox.once();
        set_clock(&mut sandbox, by);
        change(&sandbox, 1);
        sandbox.once();
        sandbox.unset("LD_PRELOAD");
        // Else the test would test nothing: files bear the clock of the machine.
        let year = sandbox.value("SELECT to_char(now() + interval '400 days', 'YYYY')");
        let is_ahead = sandbox.parquet_files().iter().any(|file| file.to_string_lossy().contains(&format!("/{year}")));
        assert_eq!(is_ahead, by == "+400d", "the clock was set");
        for number in [2, 3] {
            wait_until("changes that left no trace are found", || {
                sandbox.once();
                is_equal(&sandbox)
            });
            change(&sandbox, number);
        }
    }
}

#[test]
fn every_command_bears_a_wrong_clock_and_what_it_leaves_behind() {
    for by in ["+2h", "+400d", "-3h"] {
        let mut sandbox = following();
        sandbox.once();
        let commands: [&[&str]; 6] =
            [&["once"], &["status"], &["check"], &["plan"], &["resync", "h"], &["purge", "public.t"]];
        for wrong in [true, false] {
            match wrong {
                true => set_clock(&mut sandbox, by),
                false => sandbox.unset("LD_PRELOAD"),
            }
            for command in commands {
                let finished = sandbox.call(command);
                assert_eq!(finished.code, Some(0), "{by} {command:?}:\n{}{}", finished.stdout, finished.stderr);
            }
        }
        change(&sandbox, 3);
        wait_until("all is found", || {
            sandbox.once();
            is_equal(&sandbox)
        });
        let status = sandbox.call(&["status"]).stdout;
        assert!(!status.contains(" d ago") && !status.contains("failed"), "{by}:\n{status}");
    }
}

#[test]
fn a_clock_that_jumps_under_a_running_process_delays_nothing() {
    let mut sandbox = following();
    let clock = sandbox.path("clock");
    std::fs::write(&clock, "+0").expect("a file");
    set_clock(&mut sandbox, "+0");
    sandbox.unset("FAKETIME");
    sandbox.set("FAKETIME_TIMESTAMP_FILE", clock.display());
    sandbox.set("FAKETIME_NO_CACHE", "1");
    let mut run = sandbox.run();
    sandbox.wait_until_synced("public.t");
    sandbox.wait_until_synced("public.h");
    for (number, by) in ["+400d", "+0", "-3h", "+2h", "+0"].into_iter().enumerate() {
        std::fs::write(&clock, by).expect("a file");
        change(&sandbox, 1 + u32::try_from(number).expect("small"));
        wait_until(&format!("changes arrive although the clock says {by}"), || is_equal(&sandbox));
    }
    assert!(!run.has_ended());
}
