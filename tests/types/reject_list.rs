//! `_pg2duck.rejects` tells of the rows as they are now, whatever came between: restarts, a lost lake, batches that waited,
//! tables and columns of awkward names. Deleted rows are in `deletes::rejects`.

use super::rejects::{ODD, columns, count, listed};
use crate::support::{Sandbox, wait_until};

#[test]
fn a_resync_a_restart_and_a_lost_lake_list_nothing_twice() {
    let sandbox = Sandbox::new(ODD);
    sandbox.sql("INSERT INTO odd (id, amount) VALUES (2, 'NaN'), (3, 'NaN')");
    sandbox.once();
    let expected = [r#"{"id":2} amount"#, r#"{"id":3} amount"#];
    sandbox.once();
    assert_eq!(columns(&sandbox), expected);
    assert_eq!(sandbox.call(&["resync", "odd"]).code, Some(0));
    assert_eq!(columns(&sandbox), expected);
    std::fs::remove_file(sandbox.lake_path()).unwrap();
    sandbox.once();
    assert_eq!(columns(&sandbox), expected);
    std::fs::remove_dir_all(sandbox.state_path()).unwrap();
    sandbox.once();
    assert_eq!(columns(&sandbox), expected);
    sandbox.sql("UPDATE odd SET amount = 1 WHERE id = 2; TRUNCATE odd; INSERT INTO odd (id, amount) VALUES (4, 'NaN')");
    sandbox.once();
    assert_eq!(columns(&sandbox), [r#"{"id":4} amount"#]);
    sandbox.assert_equal("odd");
}

#[test]
fn rejects_of_batches_that_waited_for_the_lake_are_listed_when_they_land() {
    let sandbox = Sandbox::new(ODD);
    sandbox.once();
    let reader = duckdb::Connection::open(sandbox.lake_path()).unwrap();
    sandbox
        .sql("INSERT INTO odd (id, amount) VALUES (2, 'NaN'), (3, 'NaN'); UPDATE odd SET cells = '{{1}}' WHERE id = 1");
    sandbox.once_fails(1, &["is held by"]);
    assert_eq!(count(&sandbox, "public.odd"), 0);
    sandbox.sql("UPDATE odd SET amount = 2 WHERE id = 2");
    sandbox.once_fails(1, &["is held by"]);
    drop(reader);
    sandbox.once();
    assert_eq!(columns(&sandbox), [r#"{"id":1} cells"#, r#"{"id":3} amount"#]);
    sandbox.assert_equal("odd");
}

#[test]
fn a_loop_that_is_killed_and_started_again_lists_each_once() {
    let sandbox = Sandbox::new(ODD);
    sandbox.sql("INSERT INTO odd (id, amount) SELECT g, 'NaN' FROM generate_series(2, 50) g");
    for round in 0..3 {
        let run = sandbox.run();
        sandbox.sql(&format!("UPDATE odd SET note = 'round {round}'"));
        wait_until("the round has arrived", || {
            let synced = sandbox.status("public.odd").is_some_and(|table| table["rejects"] == 49);
            synced && sandbox.lake_value("SELECT count(*)::VARCHAR FROM odd WHERE note IS NULL") == "0"
        });
        run.kill();
        assert_eq!(listed(&sandbox).len(), 49);
    }
    sandbox.once();
    sandbox.assert_equal("odd");
}

#[test]
fn a_view_lists_what_its_last_copy_could_not_hold() {
    let sandbox = Sandbox::new(ODD).with("SYNC_TABLES", "odd,v").with("SYNC_TABLE_V_PRIMARY_KEY", "at");
    sandbox.sql("CREATE VIEW v AS SELECT at, cells FROM odd; INSERT INTO odd (id, at, cells) VALUES (2, '294276-01-01', '{{1}}'), (3, '2024-01-03', '{{1}}')");
    let of_view = || columns(&sandbox).into_iter().filter(|entry| entry.contains("\"at\"")).collect::<Vec<_>>();
    sandbox.once();
    let both = [r#"{"at":"2024-01-03 00:00:00"} cells"#, r#"{"at":null} at"#, r#"{"at":null} cells"#];
    assert_eq!(of_view(), both);
    sandbox.once();
    assert_eq!(of_view(), both);
    assert_eq!((count(&sandbox, "public.v"), count(&sandbox, "public.odd")), (3, 3));
    sandbox.sql("UPDATE odd SET at = '2024-01-02' WHERE id = 2; UPDATE odd SET cells = NULL WHERE id = 3");
    sandbox.once();
    sandbox.compare("public", "v").key(&["at"]).check();
    assert_eq!(of_view(), [r#"{"at":"2024-01-02 00:00:00"} cells"#]);
    assert_eq!(columns(&sandbox), [r#"{"id":2} cells"#, r#"{"at":"2024-01-02 00:00:00"} cells"#]);
}

#[test]
fn tables_with_the_same_keys_or_the_same_name_do_not_clear_each_others_rejects() {
    let sandbox = Sandbox::new(
        "CREATE SCHEMA other;
         CREATE TABLE t (id int PRIMARY KEY, a numeric(4, 2)); INSERT INTO t VALUES (1, 'NaN');
         CREATE TABLE other.t (id int PRIMARY KEY, a numeric(4, 2)); INSERT INTO other.t VALUES (1, 'NaN');
         CREATE TABLE u (id int PRIMARY KEY, a numeric(4, 2)); INSERT INTO u VALUES (1, 'NaN');",
    );
    let tables = || {
        let tables = listed(&sandbox).into_iter().map(|entry| entry.split(" | ").next().map(str::to_owned));
        tables.collect::<Option<Vec<_>>>().unwrap()
    };
    sandbox.once();
    assert_eq!(tables(), ["other.t", "public.t", "public.u"]);
    sandbox.sql("UPDATE t SET a = 1");
    sandbox.once();
    assert_eq!(tables(), ["other.t", "public.u"]);
    assert_eq!(sandbox.call(&["resync", "u"]).code, Some(0));
    assert_eq!(tables(), ["other.t", "public.u"]);
}

#[test]
fn status_counts_them_and_says_where_they_are() {
    let sandbox = Sandbox::new(ODD);
    sandbox.once();
    assert_eq!(count(&sandbox, "public.odd"), 0);
    assert!(!sandbox.call(&["status"]).stdout.contains("_pg2duck.rejects"));
    sandbox.sql("INSERT INTO odd (id, amount, cells) VALUES (2, 'NaN', '{{1}}'), (3, 'NaN', NULL)");
    sandbox.once();
    assert_eq!(count(&sandbox, "public.odd"), 3);
    let status = sandbox.call(&["status"]);
    assert_eq!(status.code, Some(0), "what cannot be held is no failure");
    let line = status.stdout.lines().find(|line| line.contains("_pg2duck.rejects")).unwrap_or_default();
    assert!(line.contains("public.odd") && line.contains('3'), "{}", status.stdout);
}

#[test]
fn names_that_the_list_itself_uses_are_no_obstacle() {
    let sandbox = Sandbox::new(
        r#"CREATE TABLE t (key text, "reject" int, "it's ""x""" numeric(4, 2), "value" numeric(4, 2), "column" int[], PRIMARY KEY (key, "reject"));
           INSERT INTO t VALUES ('a "quoted" ''key'', é', 1, 'NaN', 'NaN', '{{1}}'), ('', 2, 1, 1, '{1}')"#,
    );
    sandbox.once();
    sandbox.assert_equal("t");
    let key = r#"{"key":"a \"quoted\" 'key', é","reject":1}"#;
    assert_eq!(columns(&sandbox), ["column", "it's \"x\"", "value"].map(|column| format!("{key} {column}")));
    sandbox.sql(r#"UPDATE t SET "it's ""x""" = 1, "column" = NULL"#);
    sandbox.once();
    sandbox.assert_equal("t");
    assert_eq!(columns(&sandbox), [format!("{key} value")]);
}

#[test]
fn a_column_that_is_left_out_or_of_another_type_takes_its_rejects_with_it() {
    let sandbox = Sandbox::new(ODD);
    sandbox.sql("INSERT INTO odd (id, amount, cells) VALUES (2, 'NaN', '{{1}}')");
    sandbox.once();
    let mut sandbox = sandbox.with("SYNC_TABLE_ODD_EXCLUDE", "cells");
    sandbox.once();
    assert_eq!(columns(&sandbox), [r#"{"id":2} amount"#]);
    sandbox.unset("SYNC_TABLE_ODD_EXCLUDE");
    sandbox.once();
    assert_eq!(columns(&sandbox), [r#"{"id":2} amount"#, r#"{"id":2} cells"#]);
    sandbox.sql("ALTER TABLE odd ALTER amount TYPE float8");
    assert_eq!(sandbox.call(&["resync", "odd"]).code, Some(0));
    assert_eq!(columns(&sandbox), [r#"{"id":2} cells"#]);
    sandbox.assert_equal("odd");
}

/// A lake of a version that did not say which rows are missing.
#[test]
fn rows_that_are_missing_are_named_in_an_older_list_too() {
    let sandbox = Sandbox::new(
        "CREATE TABLE t (a int, \"k ey\" numeric(4, 2), v numeric(4, 2), PRIMARY KEY (a, \"k ey\"));
         INSERT INTO t VALUES (1, 'NaN', 1), (2, 2, 'NaN')",
    );
    sandbox.once();
    let older = "UPDATE _pg2duck.rejects SET reason = split_part(reason, ';', 1);
         ALTER TABLE _pg2duck.rejects DROP COLUMN missing_key";
    duckdb::Connection::open(sandbox.lake_path()).unwrap().execute_batch(older).unwrap();
    sandbox.sql("INSERT INTO t VALUES (3, 3, 3)");
    sandbox.once();
    let listed = || {
        sandbox.lake_column("SELECT concat_ws('|', column_name, missing_key, reason LIKE '%is missing%') FROM _pg2duck.rejects ORDER BY ALL")
    };
    assert_eq!(listed(), [r#"k ey|{"a":1,"k ey":"NaN"}|true"#, "v|false"]);
    sandbox.sql("UPDATE t SET v = 2 WHERE a = 1");
    sandbox.once();
    assert_eq!(listed(), [r#"k ey|{"a":1,"k ey":"NaN"}|true"#, "v|false"]);
}
