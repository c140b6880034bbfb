//! `pg2duck status`: what it says, when it fails, and that it needs neither the source nor a lock.

use crate::support::Sandbox;

const TABLE: &str = "
    CREATE TABLE t (id int PRIMARY KEY, updated_at timestamptz NOT NULL DEFAULT now()); INSERT INTO t VALUES (1), (2), (3);";

#[test]
fn before_the_first_cycle_it_says_what_to_do() {
    let finished = Sandbox::new(TABLE).call(&["status"]);
    assert!(matches!(finished.code, Some(1 | 2)), "{finished:?}");
    assert!(format!("{}{}", finished.stdout, finished.stderr).contains("pg2duck once"), "{finished:?}");
}

#[test]
fn in_the_moment_of_the_first_start_it_calls_nothing_damaged() {
    let sandbox = Sandbox::new(TABLE);
    std::fs::create_dir_all(sandbox.state_path()).unwrap();
    std::fs::write(sandbox.state_path().join("checkpoints.db"), "").unwrap();
    let finished = sandbox.call(&["status"]);
    assert!(matches!(finished.code, Some(1 | 2)), "{finished:?}");
    assert!(!finished.stderr.contains("damaged"), "{}", finished.stderr);
}

#[test]
fn after_a_cycle_it_tells_everything_about_each_table() {
    let sandbox = Sandbox::new(TABLE).with("DUCKDB_TABLE", "lake_{table}");
    sandbox.once();
    let finished = sandbox.call(&["status"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    ["public.t", "main.lake_t", "mirror", "updated_at", "3"]
        .iter()
        .for_each(|text| assert!(finished.stdout.contains(text), "{text}: {}", finished.stdout));
    let table = sandbox.status("public.t").unwrap();
    for (field, value) in
        [("lake_table", "main.lake_t"), ("mode", "mirror"), ("cursor_column", "updated_at"), ("state", "synced")]
    {
        assert_eq!(table[field], value, "{table}");
    }
    assert_eq!((&table["rows"], &table["pending_batches"]), (&3.into(), &0.into()), "{table}");
    assert!(
        table["error"].is_null() && table["cursor"]["xmin"].is_u64() && table["cursor"]["low"].is_string(),
        "{table}"
    );
    assert!(
        table["last_sync_at"].as_str().unwrap().contains('T') && table["lag_seconds"].as_f64().unwrap() < 60.0,
        "{table}"
    );
}

#[test]
fn a_table_that_failed_makes_it_fail_and_is_explained() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.sql("CREATE TABLE keyless (v text)");
    sandbox.once_fails(1, &["public.keyless"]);
    let finished = sandbox.call(&["status"]);
    assert_eq!(finished.code, Some(1));
    assert!(finished.stdout.contains("SYNC_TABLE_KEYLESS_PRIMARY_KEY"), "{}", finished.stdout);
    assert_eq!(sandbox.status("public.t").unwrap()["state"], "synced");
    let failed = sandbox.status("public.keyless").unwrap();
    assert_eq!(failed["state"], "failed", "{failed}");
    sandbox.sql("ALTER TABLE keyless ADD id int PRIMARY KEY");
    sandbox.once();
    assert_eq!(sandbox.call(&["status"]).code, Some(0));
    assert!(sandbox.status("public.keyless").unwrap()["error"].is_null());
}

#[test]
fn it_works_beside_a_running_loop_and_without_the_source() {
    let mut sandbox = Sandbox::new(TABLE);
    let mut run = sandbox.run();
    sandbox.wait_until_synced("public.t");
    ["DATABASE_URL", "SYNC_TABLES"].iter().for_each(|name| sandbox.unset(name));
    assert_eq!(sandbox.call(&["status"]).code, Some(0));
    assert_eq!(sandbox.status("public.t").unwrap()["rows"], 3);
    assert!(!run.has_ended());
}

#[test]
fn log_lines_are_json_where_asked_for() {
    let sandbox = Sandbox::new(TABLE).with("LOG_FORMAT", "json");
    let finished = sandbox.once();
    assert!(!finished.stderr.is_empty());
    for line in finished.stderr.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok_and(|value| value.is_object()), "{line}");
    }
}

#[test]
fn a_table_that_is_selected_no_more_does_not_fail_the_health_check_for_ever() {
    let mut sandbox = Sandbox::new(TABLE).with("SYNC_TABLES", "t,typo");
    sandbox.once_fails(1, &["typo"]);
    assert_eq!(sandbox.call(&["status"]).code, Some(1));
    sandbox.set("SYNC_TABLES", "t");
    sandbox.once();
    assert_eq!(sandbox.call(&["status"]).code, Some(0));
}

/// Nothing is fresh while Postgres is away, whatever the last success says.
#[test]
fn a_source_that_is_away_is_told_by_status() {
    let mut sandbox = Sandbox::new(TABLE);
    sandbox.once();
    let url = sandbox.url();
    sandbox.set("DATABASE_URL", "postgres://u:p@127.0.0.1:1/nowhere");
    sandbox.once_fails(2, &["127.0.0.1:1"]);
    let status = sandbox.call(&["status"]);
    assert_eq!(status.code, Some(1));
    assert!(status.stdout.contains("the last cycle failed: connect to postgres at 127.0.0.1:1"), "{}", status.stdout);
    sandbox.set("DATABASE_URL", url);
    sandbox.once();
    assert_eq!(sandbox.call(&["status"]).code, Some(0));
}

/// Why a table is copied again was once written down and shown to nobody.
#[test]
fn status_says_why_a_table_is_copied_afresh() {
    let mut sandbox = Sandbox::new(TABLE);
    sandbox.once();
    std::fs::remove_file(sandbox.lake_path()).unwrap();
    sandbox.set("DATABASE_URL", "postgres://u:p@127.0.0.1:1/nowhere");
    sandbox.once_fails(2, &["the lake does not hold it"]);
    let status = sandbox.call(&["status"]);
    assert!(status.stdout.contains("public.t is bootstrapped again: the lake does not hold it"), "{}", status.stdout);
}
