//! `pg2duck purge`: what a column held before it was left out or masked is nowhere any more.

use crate::support::{Sandbox, exported, lake, wait_until};

const MODES: [&str; 4] = ["mirror", "soft_delete", "history", "append"];

/// A table for each mode, and some past in each.
fn sandbox() -> Sandbox {
    let table = |mode: &&str| {
        format!(
            "CREATE TABLE t_{mode} (id int PRIMARY KEY, ssn text, v int);
             INSERT INTO t_{mode} SELECT g, 'clear-' || g, 1 FROM generate_series(1, 50) g;"
        )
    };
    let tables: String = MODES.iter().map(table).collect();
    let mut sandbox = Sandbox::new(&tables).with("DIFF_INTERVAL", "0s");
    for mode in MODES {
        sandbox.set(&format!("SYNC_TABLE_T_{}_MODE", mode.to_uppercase()), mode);
    }
    sandbox.once();
    for mode in MODES {
        sandbox.sql(&format!(
            "UPDATE t_{mode} SET ssn = 'clear-again', v = 2 WHERE id < 9; DELETE FROM t_{mode} WHERE id = 10"
        ));
    }
    sandbox.once();
    sandbox
}

fn assert_no_byte_is_left(sandbox: &Sandbox) {
    assert!(!exported(sandbox).contains("clear-"), "tables, files or logs hold it");
    let lake = std::fs::read(sandbox.lake_path()).expect("the lake file can be read");
    assert!(!lake.windows(6).any(|bytes| bytes == b"clear-"), "unused room of the lake file holds it");
}

#[test]
fn what_was_left_out_later_is_nowhere() {
    let mut sandbox = sandbox();
    for mode in MODES {
        sandbox.set(&format!("SYNC_TABLE_T_{}_EXCLUDE", mode.to_uppercase()), "ssn");
    }
    let said = sandbox.once().stderr;
    for mode in MODES {
        assert!(said.contains(&format!("pg2duck purge public.t_{mode}")), "{said}");
        let purged = sandbox.call(&["purge", &format!("t_{mode}")]);
        assert_eq!(purged.code, Some(0), "{}", purged.stderr);
        assert!(purged.stderr.contains(&format!("Parquet files of public.t_{mode}")), "{}", purged.stderr);
    }
    assert_no_byte_is_left(&sandbox);
    sandbox.sql("UPDATE t_mirror SET v = 3 WHERE id = 1");
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT v::VARCHAR FROM t_mirror WHERE id = 1"), "3");
    assert_eq!(sandbox.call(&["purge", "nosuch"]).code, Some(2));
}

#[test]
fn a_running_process_purges_what_was_masked() {
    let mut sandbox = sandbox().with("SYNC_INTERVAL_SECONDS", "1").with("MASK_SALT", "x");
    for mode in MODES {
        sandbox.set(&format!("SYNC_TABLE_T_{}_MASK", mode.to_uppercase()), "ssn");
    }
    let running = sandbox.run();
    let hashed = "SELECT count(*)::VARCHAR FROM t_append WHERE len(ssn) = 64";
    wait_until("the masks hold", || {
        lake::try_open(&sandbox.lake_path()).is_ok_and(|lake| lake::value(&lake, hashed) != "0")
    });
    for mode in MODES {
        let purged = sandbox.call(&["purge", &format!("t_{mode}")]);
        assert_eq!(purged.code, Some(0), "{}", purged.stderr);
    }
    wait_until("the files are gone", || sandbox.parquet_files().is_empty());
    running.signal("TERM");
    running.finish();
    assert_no_byte_is_left(&sandbox);
}
