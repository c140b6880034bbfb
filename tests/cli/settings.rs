//! Every mistake ends with a sentence that names the setting or object, the value and the fix; `once` exits 2 for
//! configuration and 1 for a table; nothing is half-written; and once the mistake is mended, everything works.

use crate::support::{PASSWORD, ROLE, Sandbox, wait_until};
use std::time::Duration;

const TABLE: &str =
    "CREATE TABLE t (id int PRIMARY KEY, v text, updated_at timestamptz DEFAULT now()); INSERT INTO t VALUES (1), (2);";

/// With this one setting the process ends with code 2 and these words; without it, all is well.
fn refused(name: &str, value: &str, words: &[&str]) {
    let mut sandbox = Sandbox::new(TABLE);
    let good = sandbox.setting(name);
    sandbox.set(name, value);
    sandbox.once_fails(2, words);
    sandbox.assert_nothing_unfinished();
    sandbox.unset(name);
    good.into_iter().for_each(|value| sandbox.set(name, value));
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn a_wrong_password() {
    let sandbox = Sandbox::new(TABLE);
    let url = sandbox.url().replace(PASSWORD, "wrong-horse");
    let address = format!("127.0.0.1:{}", sandbox.cluster.port);
    let sandbox = sandbox.with("DATABASE_URL", url);
    let finished = sandbox.once_fails(2, &["password authentication failed", ROLE, "DATABASE_URL", &address]);
    assert!(
        !finished.stderr.contains("wrong-horse") && !finished.stdout.contains("wrong-horse"),
        "{}",
        finished.stderr
    );
    // The loop does not knock for ever with a wrong password.
    assert_eq!(sandbox.run().finish_within(Duration::from_secs(20)).code, Some(2));
}

#[test]
fn an_unknown_host_a_refused_connection_and_an_unknown_database() {
    let url = Sandbox::new(TABLE).url();
    let (head, tail) = url.split_once("127.0.0.1:").unwrap();
    let database = tail.split_once('/').unwrap().1;
    refused(
        "DATABASE_URL",
        &format!("{head}nosuch.invalid:5432/{database}"),
        &["nosuch.invalid", "unknown host", "DATABASE_URL"],
    );
    refused("DATABASE_URL", &format!("{head}127.0.0.1:1/{database}"), &["127.0.0.1:1", "refused", "DATABASE_URL"]);
    refused("DATABASE_URL", &url.replace(database, "nosuch"), &["\"nosuch\"", "does not exist", "DATABASE_URL"]);
}

#[test]
fn the_loop_waits_for_a_server_that_does_not_answer_yet() {
    let sandbox = Sandbox::new(TABLE).with("DATABASE_URL", format!("postgres://{ROLE}:{PASSWORD}@127.0.0.1:1/x"));
    let mut run = sandbox.run();
    wait_until("it says so", || run.log().contains("127.0.0.1:1"));
    assert!(!run.has_ended(), "{}", run.log());
    run.signal("TERM");
    assert_eq!(run.finish_within(Duration::from_secs(10)).code, Some(0));
}

#[test]
fn values_that_are_not_what_a_setting_takes() {
    refused("BATCH_SIZE", "0", &["BATCH_SIZE=0", "whole number from 1"]);
    refused("BATCH_SIZE", "abc", &["BATCH_SIZE=abc", "whole number from 1"]);
    refused("SYNC_TABLES", "a.b.c", &["SYNC_TABLES", "a.b.c", "public.*"]);
    refused("DELETES", "triggers", &["DELETES=triggers", "auto or audit or diff or off"]);
    refused("LISTEN", "maybe", &["LISTEN=maybe", "true or false"]);
    refused("DELETE_BRAKE", "130%", &["DELETE_BRAKE=130%", "30%"]);
    refused("NUMERIC", "exact", &["NUMERIC=exact", "double or text"]);
    refused("REJECTS", "drop", &["REJECTS=drop", "keep or stop"]);
    refused("DATABASE_URL", &format!("mysql://u:{PASSWORD}@h/d"), &["DATABASE_URL", "postgres://user:password@host"]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let sandbox =
        Sandbox::new(TABLE).with("BATCH_SIZE", "-1").with("POSTGRES_SSLMODE", "maybe").with("LOG_FORMAT", "xml");
    sandbox.once_fails(2, &["BATCH_SIZE=-1", "POSTGRES_SSLMODE=maybe", "LOG_FORMAT=xml"]);
    assert!(!sandbox.lake_path().exists() && sandbox.parquet_files().is_empty());
}

#[test]
fn folders_that_cannot_be_written() {
    for (name, below) in [("STATE_DIR", "state"), ("PARQUET_DIR", "parquet"), ("DUCKDB_PATH", "lake.duckdb")] {
        let mut sandbox = Sandbox::new(TABLE);
        // Not even root can make a folder below a file.
        let path = sandbox.path("file").join(below);
        std::fs::write(sandbox.path("file"), "in the way").unwrap();
        sandbox.set(name, path.display());
        sandbox.once_fails(2, &[name, sandbox.path("file").to_str().unwrap()]);
        sandbox.assert_nothing_unfinished();
        sandbox.unset(name);
        sandbox.once();
        sandbox.assert_equal("t");
    }
}

#[test]
fn a_lake_file_that_is_not_duckdb() {
    let sandbox = Sandbox::new(TABLE);
    let text = "id,v\n".repeat(2000);
    std::fs::create_dir_all(sandbox.path("lake")).unwrap();
    std::fs::write(sandbox.lake_path(), &text).unwrap();
    sandbox.once_fails(2, &["warehouse.duckdb", "DUCKDB_PATH"]);
    assert_eq!(std::fs::read_to_string(sandbox.lake_path()).unwrap(), text, "the file is left alone");
    assert_eq!(sandbox.run().finish_within(Duration::from_secs(20)).code, Some(2));
    std::fs::remove_file(sandbox.lake_path()).unwrap();
    sandbox.once();
    sandbox.assert_equal("t");
}

/// Raises the storage version in the first header. The header's checksum is an XOR over its words times a constant, so it
/// changes by exactly what the changed word contributes.
fn pretend_newer(file: &mut [u8]) {
    let word = |file: &[u8], at: usize| u64::from_le_bytes(file[at..at + 8].try_into().unwrap());
    let mixed = |word: u64| word.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    assert_eq!(&file[8..12], b"DUCK");
    let before = word(file, 8);
    file[12..16].copy_from_slice(&9999_u32.to_le_bytes());
    let checksum = word(file, 0) ^ mixed(before) ^ mixed(word(file, 8));
    file[..8].copy_from_slice(&checksum.to_le_bytes());
}

#[test]
fn a_lake_written_by_a_newer_duckdb() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    let original = std::fs::read(sandbox.lake_path()).unwrap();
    let mut newer = original.clone();
    pretend_newer(&mut newer);
    std::fs::write(sandbox.lake_path(), &newer).unwrap();
    sandbox.sql("INSERT INTO t VALUES (3)");
    sandbox.once_fails(2, &["warehouse.duckdb", "newer DuckDB", "DUCKDB_PATH"]);
    assert_eq!(std::fs::read(sandbox.lake_path()).unwrap(), newer, "the file is left alone");
    std::fs::write(sandbox.lake_path(), &original).unwrap();
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn a_damaged_state_file() {
    let sandbox = Sandbox::new(TABLE);
    sandbox.once();
    let path = sandbox.state_path().join("checkpoints.db");
    std::fs::write(&path, "garbage ".repeat(1000)).unwrap();
    sandbox.once_fails(2, &["checkpoints.db", "delete", "bootstrapped again"]);
    assert_eq!(sandbox.call(&["status"]).code, Some(2));
    std::fs::remove_dir_all(sandbox.state_path()).unwrap();
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn a_lake_table_that_someone_else_made_is_not_overwritten() {
    let sandbox = Sandbox::new(TABLE);
    std::fs::create_dir_all(sandbox.path("lake")).unwrap();
    duckdb::Connection::open(sandbox.lake_path())
        .unwrap()
        .execute_batch("CREATE TABLE t AS SELECT 42 AS precious")
        .unwrap();
    sandbox.once_fails(1, &["main.t", "DUCKDB_TABLE"]);
    assert_eq!(sandbox.lake_value("SELECT precious::VARCHAR FROM t"), "42");
    let sandbox = sandbox.with("DUCKDB_TABLE", "copy_of_{table}");
    sandbox.once();
    sandbox.compare("public", "t").lake_name("main", "copy_of_t").check();
}

#[test]
fn secrets_may_come_from_files() {
    let mut sandbox = Sandbox::new(TABLE);
    let (url, file) = (sandbox.url(), sandbox.path("secret"));
    sandbox.unset("DATABASE_URL");
    sandbox.set("DATABASE_URL_FILE", file.display());
    sandbox.once_fails(2, &["DATABASE_URL_FILE", file.to_str().unwrap()]);
    std::fs::write(&file, format!("{url}\n")).unwrap();
    sandbox.once();
    sandbox.assert_equal("t");
    sandbox.set("DATABASE_URL", url);
    sandbox.once_fails(2, &["DATABASE_URL and DATABASE_URL_FILE are both set"]);
}

#[test]
fn the_servers_certificate_is_checked_where_asked_for() {
    let sandbox = Sandbox::new(TABLE);
    let ca = sandbox.cluster.ca.clone();
    let mut sandbox = sandbox.with("POSTGRES_SSLMODE", "verify-full");
    sandbox.once_fails(2, &["certificate", "POSTGRES_SSLROOTCERT"]);
    sandbox.set("POSTGRES_SSLROOTCERT", "/nonexistent/ca.crt");
    sandbox.once_fails(2, &["POSTGRES_SSLROOTCERT=/nonexistent/ca.crt"]);
    sandbox.set("POSTGRES_SSLROOTCERT", ca);
    sandbox.once();
    sandbox.assert_equal("t");
    for mode in ["disable", "prefer", "require", "verify-ca"] {
        sandbox.set("POSTGRES_SSLMODE", mode);
        sandbox.once();
    }
}
