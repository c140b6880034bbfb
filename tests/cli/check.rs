//! `pg2duck check`: every finding with its fix, and what the exit code means.

use crate::support::{Sandbox, Server};
use duckdb::Connection;
use serde_json::Value;

const GOOD: &str = "
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.updated_at := now(); RETURN NEW; END';
    CREATE TABLE good (id int PRIMARY KEY, v text, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON good (updated_at);
    CREATE TRIGGER touch BEFORE UPDATE ON good FOR EACH ROW EXECUTE FUNCTION touch();";

fn prepared(sql: &str) -> Sandbox {
    let sandbox = Sandbox::new(sql);
    let url = format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
    sandbox.with("SETUP_DATABASE_URL", url)
}

fn setup(sandbox: &Sandbox, flags: &[&str]) {
    let finished = sandbox.call(&[&["setup"], flags].concat());
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
}

/// Runs `check` to this exit code and answers its findings as `level subject: message -> fix`.
fn check(sandbox: &Sandbox, code: i32) -> Vec<String> {
    let finished = sandbox.call(&["check", "--json"]);
    assert_eq!(finished.code, Some(code), "{}{}", finished.stdout, finished.stderr);
    let report: Value = serde_json::from_str(&finished.stdout).expect("check --json prints JSON");
    assert_eq!(report["ok"], code == 0);
    let findings = report["findings"].as_array().expect("an array `findings`");
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    findings
        .iter()
        .map(|finding| {
            let [level, subject, message, fix] = ["level", "subject", "message", "fix"].map(|name| text(finding, name));
            assert!(["ok", "warning", "problem"].contains(&level.as_str()), "{finding}");
            assert!(level == "ok" || !fix.is_empty(), "no fix: {finding}");
            format!("{level} {subject}: {message} -> {fix}")
        })
        .collect()
}

/// One finding holds all of these texts.
fn assert_found(findings: &[String], texts: &[&str]) {
    let found = findings.iter().any(|finding| texts.iter().all(|text| finding.contains(text)));
    assert!(found, "{texts:?} is not among\n{}", findings.join("\n"));
}

#[test]
fn a_source_in_good_order_gets_nothing_but_ok() {
    let sandbox = prepared(GOOD);
    setup(&sandbox, &[]);
    let findings = check(&sandbox, 0);
    assert!(findings.iter().all(|finding| finding.starts_with("ok ")), "{}", findings.join("\n"));
    assert_found(&findings, &["public.good: becomes main.good, key id, cursor updated_at"]);
    assert_found(&findings, &["connection: ", "as syncer, PostgreSQL 1", "TLS"]);
    assert_found(&findings, &["deletes: recorded by triggers"]);
    let finished = sandbox.call(&["check"]);
    assert_eq!((finished.code, finished.stdout.lines().count()), (Some(0), findings.len()));
    sandbox.once();
    assert_found(&check(&sandbox, 0), &["lake: ", "written by DuckDB v1.5.5, free"]);
}

#[test]
fn it_changes_nothing() {
    let sandbox = prepared(GOOD);
    let facts = "SELECT (SELECT count(*) FROM pg_class) || ' ' || (SELECT count(*) FROM pg_proc) || ' ' || (SELECT count(*) FROM pg_trigger)";
    let before = sandbox.value(facts);
    check(&sandbox, 0);
    assert_eq!(sandbox.value(facts), before);
    assert!(!sandbox.lake_path().exists() && sandbox.parquet_files().is_empty());
    assert_eq!(std::fs::read_dir(sandbox.state_path()).unwrap().count(), 0);
}

#[test]
fn what_keeps_a_table_from_being_synced_is_a_problem() {
    let role = "nobody_reads";
    let sandbox = prepared(&format!(
        "{GOOD} CREATE TABLE keyless (v text); CREATE SCHEMA secret; CREATE TABLE secret.t (id int PRIMARY KEY);
         DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN PASSWORD 'correct-horse-battery'; GRANT SELECT ON good, keyless TO {role}"
    ));
    let url = sandbox.url().replace("syncer", role);
    let sandbox = sandbox.with("DATABASE_URL", url).with("SYNC_TABLES", "public.*,secret.t,public.absent");
    let findings = check(&sandbox, 1);
    assert_found(&findings, &["problem public.keyless: has no primary key", "SYNC_TABLE_KEYLESS_PRIMARY_KEY"]);
    assert_found(&findings, &["problem secret.t: no privilege", "GRANT USAGE ON SCHEMA \"secret\"", "setup --role"]);
    assert_found(&findings, &["problem public.absent: there is no such table", "SYNC_TABLES"]);
    assert_found(
        &findings,
        &["warning role: without pg_read_all_stats", "GRANT pg_read_all_stats TO \"nobody_reads\""],
    );
    assert_found(&findings, &["ok public.good: "]);
    sandbox.sql("ALTER TABLE good ENABLE ROW LEVEL SECURITY");
    assert_found(&check(&sandbox, 1), &["problem public.good: row-level security", "BYPASSRLS"]);
    // The fix that it names is one.
    sandbox.sql("DROP TABLE keyless; ALTER TABLE good DISABLE ROW LEVEL SECURITY");
    let sandbox = sandbox.with("SYNC_TABLES", "public.*,secret.t");
    setup(&sandbox, &["--role", role]);
    let findings = check(&sandbox, 0);
    assert!(findings.iter().all(|finding| finding.starts_with("ok ")), "{}", findings.join("\n"));
    setup(&sandbox, &["--undo"]);
    sandbox.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn what_makes_polls_dear_or_late_is_a_warning() {
    let sandbox = prepared(
        "CREATE TABLE big (id int PRIMARY KEY, v text); INSERT INTO big SELECT g, repeat('x', 500) FROM generate_series(1, 5000) g;
         CREATE TABLE unindexed (id int PRIMARY KEY, v text, updated_at timestamptz, price numeric, exact numeric(9,2));
         INSERT INTO unindexed SELECT g, repeat('x', 500) FROM generate_series(1, 5000) g;
         CREATE FUNCTION perhaps() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.updated_at = OLD.updated_at THEN RETURN NULL; END IF; RETURN NEW; END';
         CREATE TABLE unknown (id int PRIMARY KEY, updated_at timestamptz NOT NULL);
         CREATE TRIGGER perhaps BEFORE UPDATE ON unknown FOR EACH ROW EXECUTE FUNCTION perhaps(); ANALYZE",
    );
    let findings = check(&sandbox, 0);
    assert_found(&findings, &["warning public.big: no cursor column", "setup --updated-at"]);
    assert_found(&findings, &["warning public.unindexed: no index on updated_at", "setup --updated-at"]);
    assert_found(&findings, &["warning public.unindexed: no trigger moves updated_at", "setup --updated-at"]);
    assert_found(&findings, &["warning public.unindexed: updated_at is NULL in some rows", "SET NOT NULL"]);
    assert_found(
        &findings,
        &["warning public.unindexed: numeric without precision", "DOUBLE", ": price ->", "NUMERIC=text"],
    );
    assert_found(&findings, &["warning public.unknown: unknown whether trigger perhaps"]);
    assert_found(&findings, &["ok deletes: found by comparing keys every 10 min", "pg2duck setup"]);
    setup(&sandbox, &["--updated-at"]);
    sandbox.sql("UPDATE unindexed SET v = 'x'; ANALYZE");
    let left: Vec<_> = check(&sandbox, 0).into_iter().filter(|finding| finding.starts_with("warning")).collect();
    assert!(left.len() == 2 && left[0].contains("numeric") && left[1].contains("perhaps"), "{}", left.join("\n"));
}

#[test]
fn audit_triggers_that_are_gone_disabled_or_stale_are_found_and_setup_mends_them() {
    let sandbox = prepared(&format!(
        "{GOOD} CREATE TABLE stale (id int PRIMARY KEY, other int NOT NULL); CREATE TABLE off (id int PRIMARY KEY); CREATE TABLE gone (id int PRIMARY KEY);
         CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id)"
    ));
    setup(&sandbox, &[]);
    sandbox.sql(
        "ALTER TABLE stale RENAME id TO number; ALTER TABLE off DISABLE TRIGGER pg2duck_delete; DROP TRIGGER pg2duck_truncate ON gone;
         CREATE TABLE part PARTITION OF parts FOR VALUES FROM (1) TO (9)",
    );
    let findings = check(&sandbox, 0);
    assert_found(&findings, &["warning public.stale: trigger", "out of date", "pg2duck setup"]);
    assert_found(&findings, &["warning public.off: trigger pg2duck_delete is disabled", "pg2duck setup"]);
    assert_found(&findings, &["warning public.gone: trigger pg2duck_truncate is missing", "pg2duck setup"]);
    assert_found(&findings, &["warning public.part: trigger pg2duck_delete is missing", "pg2duck setup"]);
    setup(&sandbox, &[]);
    assert_found(&check(&sandbox, 0), &["ok deletes: recorded by triggers on every table"]);
    setup(&sandbox, &["--audit", "full"]);
    assert_found(&check(&sandbox, 0), &["ok deletes: recorded by triggers on every table"]);
    sandbox.sql("CREATE PUBLICATION everything FOR ALL TABLES; ALTER TABLE pg2duck.audit REPLICA IDENTITY DEFAULT");
    assert_found(
        &check(&sandbox, 0),
        &["warning deletes: a publication keeps pg2duck.audit from being pruned", "pg2duck setup"],
    );
    setup(&sandbox, &["--audit", "full"]);
    assert_found(&check(&sandbox, 0), &["ok deletes: recorded by triggers on every table"]);
    sandbox.sql("REVOKE DELETE ON pg2duck.audit FROM syncer");
    assert_found(&check(&sandbox, 0), &["warning deletes: no privilege to prune", "pg2duck setup --role syncer"]);
}

#[test]
fn who_holds_the_lake_file_is_named_and_files_that_are_no_lake_are_a_problem() {
    let mut sandbox = prepared(GOOD);
    sandbox.once();
    let holder = Connection::open(sandbox.lake_path()).unwrap();
    assert_found(&check(&sandbox, 0), &["warning lake: ", &format!("PID {}", std::process::id())]);
    drop(holder);
    std::fs::write(
        sandbox.path("text"),
        "no lake at all, but long enough for a header of a DuckDB file, or so one would think",
    )
    .unwrap();
    sandbox.set("DUCKDB_PATH", sandbox.path("text").display());
    assert_found(&check(&sandbox, 1), &["problem lake: ", "DUCKDB_PATH"]);
    sandbox.unset("DUCKDB_PATH");
    sandbox.set("PARQUET_DIR", sandbox.path("text/parquet").display());
    assert_found(&check(&sandbox, 1), &["problem PARQUET_DIR: ", "may write to"]);
}

#[test]
fn a_standby_is_called_one() {
    let server = Server::start();
    server.session().execute(GOOD);
    let standby = server.standby();
    let sandbox = Sandbox::new("").with("DATABASE_URL", standby.url());
    assert_found(&check(&sandbox, 0), &["warning server: a standby does not show open transactions", "primary"]);
    let sandbox = sandbox.with("PRIMARY_URL", server.url());
    assert_found(&check(&sandbox, 0), &["ok server: a standby, whose primary at 127.0.0.1", "open"]);
    let finished = sandbox.call(&["setup"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("standby") && finished.stderr.contains("primary"), "{}", finished.stderr);
}

#[test]
fn without_a_source_or_with_bad_settings_it_exits_with_2_and_still_prints_its_findings() {
    let mut sandbox = prepared(GOOD);
    let url = sandbox.url();
    sandbox.set("DATABASE_URL", url.replace("127.0.0.1", "nowhere.invalid"));
    let findings = check(&sandbox, 2);
    assert_found(&findings, &["problem source: ", "unknown host", "DATABASE_URL"]);
    assert_found(&findings, &["ok lake: "]);
    sandbox.set("DATABASE_URL", url.replace("correct-horse", "wrong"));
    assert_found(&check(&sandbox, 2), &["problem source: ", "check the user and password"]);
    sandbox.set("BATCH_SIZE", "0");
    let finished = sandbox.call(&["check"]);
    assert_eq!(finished.code, Some(2));
    assert!(finished.stdout.contains("BATCH_SIZE=0"), "{}", finished.stdout);
}
