//! What `pg2duck setup` does to a source, and what its triggers record there. What a sync makes of it is in `deletes` and `modes`.

mod install;
mod recording;

use crate::support::Sandbox;
use std::process::Command;

/// Partitions of partitions, inheritance, quoted names, a composite key, a table without a key.
const ZOO: &str = r#"
    CREATE TABLE plain (id bigint PRIMARY KEY, v text, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE "Odd ""Näme" ("Key A" int, "b's" text, v text, PRIMARY KEY ("Key A", "b's"));
    CREATE TABLE events (id bigint, at timestamptz, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY RANGE (at);
    CREATE TABLE events_2a PARTITION OF events_2 FOR VALUES FROM ('2021-01-01') TO ('2021-07-01');
    CREATE TABLE parent (id int PRIMARY KEY, v text);
    CREATE TABLE child (extra int, PRIMARY KEY (id)) INHERITS (parent);
    CREATE SCHEMA other;
    CREATE TABLE other.plain (id uuid PRIMARY KEY, updated_at timestamptz);
    CREATE TABLE keyless (v text);
    CREATE VIEW looks AS SELECT * FROM plain;"#;

fn prepared(sql: &str) -> Sandbox {
    let sandbox = Sandbox::new(sql);
    let url = admin_url(&sandbox);
    sandbox.with("SETUP_DATABASE_URL", url)
}

fn admin_url(sandbox: &Sandbox) -> String {
    format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database)
}

/// Runs `setup` to its success and answers what it said.
fn setup(sandbox: &Sandbox, flags: &[&str]) -> String {
    let finished = sandbox.call(&[&["setup"], flags].concat());
    assert_eq!(finished.code, Some(0), "setup {flags:?} said:\n{}{}", finished.stdout, finished.stderr);
    finished.stdout
}

/// What stands in the audit table, in order: `d plain {"id": [1]}`.
fn recorded(sandbox: &Sandbox) -> Vec<String> {
    let mut session = sandbox.session();
    let rows = session.rows("SELECT concat_ws(' ', op, relid::regclass, keys) FROM pg2duck.audit ORDER BY seq");
    session.execute("TRUNCATE pg2duck.audit");
    rows.into_iter().flatten().flatten().collect()
}

/// The schema as `pg_dump -s` prints it, without the random words of newer versions.
fn dump(sandbox: &Sandbox) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres.sh");
    let done = Command::new("sh")
        .args(["-c", &format!("exec \"$({script} bin)/pg_dump\" -s -d {}", admin_url(sandbox))])
        .output()
        .expect("sh runs");
    assert!(done.status.success(), "pg_dump: {}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8_lossy(&done.stdout);
    text.lines().filter(|line| !line.contains("restrict ")).map(|line| format!("{line}\n")).collect()
}
