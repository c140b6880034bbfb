//! Which mode a table is in, and how it gets into another.

use crate::support::Sandbox;

const MODES: [&str; 6] = ["mirror", "soft_delete", "history", "append", "full", "full_append"];

/// A table called like each mode.
fn tables() -> String {
    let table = |mode: &&str| {
        format!("CREATE TABLE t_{mode} (id int PRIMARY KEY, n int); INSERT INTO t_{mode} VALUES (1, 1), (2, 2);")
    };
    MODES.iter().map(table).collect()
}

/// Each table is in the mode that stands so far behind its own.
fn set_modes(sandbox: &mut Sandbox, shift: usize) {
    for (at, mode) in MODES.iter().enumerate() {
        let other = MODES[(at + shift) % MODES.len()];
        sandbox.set(&format!("SYNC_TABLE_T_{}_MODE", mode.to_uppercase()), other);
    }
}

/// What has a table of this mode bootstrapped in another one.
fn resync(mode: &str) -> &'static [&'static str] {
    if ["mirror", "full"].contains(&mode) { &["resync"] } else { &["resync", "--drop-history"] }
}

#[test]
fn status_says_mode_and_deletes_of_each_table() {
    let mut sandbox = Sandbox::new(&tables()).with("SYNC_TABLE_T_APPEND_DELETES", "off");
    set_modes(&mut sandbox, 0);
    sandbox.once();
    for mode in MODES {
        let entry = sandbox.status(&format!("public.t_{mode}")).expect("a table");
        let deletes = match mode {
            "append" => "off",
            "full" | "full_append" => "full read",
            _ => "diff",
        };
        assert_eq!((&entry["mode"], &entry["deletes"]), (&mode.into(), &deletes.into()));
    }
    let status = sandbox.call(&["status"]).stdout;
    let line = status.lines().find(|line| line.starts_with("public.t_append")).expect("a line");
    assert_eq!(line.split_whitespace().filter(|cell| ["append", "off"].contains(cell)).count(), 2, "{status}");
}

#[test]
fn status_names_no_mode_that_the_table_is_not_in() {
    let sandbox = Sandbox::new("CREATE TABLE keyless (n int)").with("SYNC_MODE", "history");
    sandbox.once_fails(1, &["public.keyless"]);
    let entry = sandbox.status("public.keyless").expect("a table");
    assert_ne!(entry["mode"], "mirror", "{entry}");
    assert_eq!(sandbox.call(&["status"]).code, Some(1));
}

#[test]
fn every_mode_is_kept_until_resync_asks_for_another() {
    let mut sandbox = Sandbox::new(&tables());
    set_modes(&mut sandbox, 0);
    sandbox.once();
    for shift in 1..MODES.len() {
        set_modes(&mut sandbox, shift);
        let said = sandbox.once_fails(1, &[]).stderr;
        for (at, mode) in MODES.iter().enumerate() {
            let other = MODES[(at + shift) % MODES.len()];
            let sentence = format!("holds public.t_{mode} in mode {mode}, and {other} is asked for");
            assert!(
                said.contains(&sentence) && said.contains(&format!("{} public.t_{mode}", resync(mode).join(" "))),
                "{sentence}:\n{said}"
            );
        }
    }
    for mode in MODES {
        let resync = sandbox.call(&[resync(mode), &[&format!("public.t_{mode}")]].concat());
        assert_eq!(resync.code, Some(0), "{mode}: {}", resync.stderr);
    }
    sandbox.once();
    for (at, mode) in MODES.iter().enumerate() {
        let other = MODES[(at + MODES.len() - 1) % MODES.len()];
        assert_eq!(sandbox.status(&format!("public.t_{mode}")).expect("a table")["mode"], other);
        assert_eq!(sandbox.lake_value(&format!("SELECT count(DISTINCT id)::VARCHAR FROM t_{mode}")), "2");
    }
}

#[test]
fn a_mode_that_needs_a_key_says_so_of_a_table_without_one() {
    for mode in ["mirror", "soft_delete", "history", "append"] {
        let sandbox =
            Sandbox::new("CREATE TABLE keyless (n int); INSERT INTO keyless VALUES (1), (1)").with("SYNC_MODE", mode);
        sandbox.once_fails(
            1,
            &["public.keyless", "key", "SYNC_TABLE_KEYLESS_PRIMARY_KEY", "SYNC_TABLE_KEYLESS_MODE=full"],
        );
        let sandbox = sandbox.with("SYNC_TABLE_KEYLESS_MODE", "full");
        sandbox.once();
        assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM keyless"), "2", "{mode}");
    }
}
