//! Nothing is dropped silently: a value that the lake's type cannot hold is NULL in its row and listed in `_pg2duck.rejects`
//! with the row's key, what it was and why. How the list goes on is in `reject_list`.

use crate::support::Sandbox;

pub const ODD: &str = "
    CREATE TABLE odd (id int PRIMARY KEY, amount numeric(10, 2), cells int[], at timestamp, doc json, note text);
    INSERT INTO odd VALUES (1, 1.5, '{1}', '2024-01-01', '{}', 'good');";

/// Each entry of the list on a line of its own.
pub fn listed(sandbox: &Sandbox) -> Vec<String> {
    sandbox.lake_column(
        "SELECT concat_ws(' | ', source_schema || '.' || source_table, key, column_name, value, reason)
         FROM _pg2duck.rejects ORDER BY source_schema, source_table, key, column_name, value",
    )
}

/// The columns of the list's entries, each behind its row's key.
pub fn columns(sandbox: &Sandbox) -> Vec<String> {
    let entries = listed(sandbox);
    entries.iter().map(|entry| entry.split(" | ").skip(1).take(2).collect::<Vec<_>>().join(" ")).collect()
}

pub fn count(sandbox: &Sandbox, table: &str) -> i64 {
    sandbox.status(table).unwrap()["rejects"].as_i64().unwrap()
}

#[test]
fn every_rejected_value_of_a_row_is_listed_and_the_others_land() {
    let sandbox = Sandbox::new(ODD);
    let bad = |id: u32| {
        format!(
            r#"INSERT INTO odd VALUES ({id}, 'NaN', '{{{{1,2}},{{3,NULL}}}}', '294276-12-31 23:59:59.999999', '"\ud800 x"', 'kept')"#
        )
    };
    let expected = |id: u32| {
        [
            ("amount", "NaN", "NaN or infinity, which DECIMAL cannot hold"),
            ("at", "294276-12-31 23:59:59.999999", "outside the range of the lake's type"),
            (
                "cells",
                "{{1,2},{3,NULL}}",
                "an array of 2 dimensions in a column declared with 1; SYNC_TABLE_ODD_TYPE=cells:json holds it",
            ),
            ("doc", r#""\ud800 x""#, "half of a surrogate pair, which DuckDB's JSON cannot hold"),
        ]
        .map(|(column, value, reason)| format!("public.odd | {{\"id\":{id}}} | {column} | {value} | {reason}"))
    };
    sandbox.sql(&bad(2));
    let finished = sandbox.once();
    assert!(finished.stderr.contains("_pg2duck.rejects"), "a warning is due:\n{}", finished.stderr);
    assert_eq!(listed(&sandbox), expected(2));
    sandbox.assert_equal("odd");
    assert_eq!(sandbox.lake_value("SELECT note FROM odd WHERE id = 2 AND amount IS NULL AND doc IS NULL"), "kept");
    // The same again in a later cycle, beside rows that need nothing.
    sandbox.sql(&bad(3));
    sandbox.sql("INSERT INTO odd (id) VALUES (4); UPDATE odd SET note = 'still good' WHERE id = 1");
    sandbox.once();
    assert_eq!(listed(&sandbox), [expected(2), expected(3)].concat());
    sandbox.assert_equal("odd");
    let recorded = "SELECT count(*)::VARCHAR FROM _pg2duck.rejects JOIN (SELECT DISTINCT cycle, source_table FROM _pg2duck.batches)
                    USING (cycle, source_table) WHERE rejected_at BETWEEN now() - INTERVAL 1 HOUR AND now()";
    assert_eq!(sandbox.lake_value(recorded), "8");
    assert_eq!(sandbox.lake_value("SELECT count(DISTINCT cycle)::VARCHAR FROM _pg2duck.rejects"), "2");
}

#[test]
fn a_mended_row_takes_its_rejects_with_it_and_a_spoilt_one_brings_new_ones() {
    let sandbox = Sandbox::new(ODD);
    sandbox
        .sql("INSERT INTO odd (id, amount, cells) VALUES (2, 'NaN', '{{1}}'), (3, 'NaN', NULL), (4, 'NaN', '{{4}}')");
    sandbox.once();
    assert_eq!(
        columns(&sandbox),
        [r#"{"id":2} amount"#, r#"{"id":2} cells"#, r#"{"id":3} amount"#, r#"{"id":4} amount"#, r#"{"id":4} cells"#]
    );
    for (change, left) in [
        // One of two.
        ("UPDATE odd SET amount = 5 WHERE id = 2", 4),
        // Another value in place of the rejected one, which is rejected too.
        ("UPDATE odd SET cells = '{{7,8}}' WHERE id = 2", 4),
        ("UPDATE odd SET amount = 'NaN', note = 'spoilt' WHERE id = 1", 5),
        ("UPDATE odd SET note = 'nothing else' WHERE id = 4", 5),
        ("UPDATE odd SET amount = 0, cells = NULL WHERE id > 1", 1),
        ("UPDATE odd SET amount = NULL", 0),
    ] {
        sandbox.sql(change);
        sandbox.once();
        sandbox.assert_equal("odd");
        assert_eq!((listed(&sandbox).len(), count(&sandbox, "public.odd")), (left, left as i64), "{change}");
    }
}

#[test]
fn a_row_whose_key_is_rejected_does_not_land_and_is_listed_with_a_null_key() {
    let sandbox = Sandbox::new(
        "CREATE TABLE single (k timestamp PRIMARY KEY, v numeric(6, 2));
         INSERT INTO single VALUES ('294276-01-01', 1), ('2024-01-02', 'NaN'), ('infinity', 3);
         CREATE TABLE several (a int, b timestamp, v int[], PRIMARY KEY (a, b));
         INSERT INTO several VALUES (1, '294276-01-01', '{{1}}'), (1, '2024-01-01', '{{1}}'), (2, '294276-01-01', '{1}')",
    );
    sandbox.once();
    ["single", "several"].iter().for_each(|table| sandbox.assert_equal(table));
    assert_eq!(sandbox.lake_column("SELECT k::VARCHAR FROM single ORDER BY k"), ["2024-01-02 00:00:00", "infinity"]);
    assert_eq!(sandbox.lake_column("SELECT b::VARCHAR FROM several"), ["2024-01-01 00:00:00"]);
    assert_eq!(
        columns(&sandbox),
        [
            r#"{"a":1,"b":"2024-01-01 00:00:00"} v"#,
            r#"{"a":1,"b":null} b"#,
            r#"{"a":1,"b":null} v"#,
            r#"{"a":2,"b":null} b"#,
            r#"{"k":"2024-01-02 00:00:00"} v"#,
            r#"{"k":null} k"#,
        ]
    );
    assert_eq!((count(&sandbox, "public.single"), count(&sandbox, "public.several")), (2, 4));
    assert_eq!(sandbox.status("public.single").unwrap()["rows"], 2);
    sandbox.sql("INSERT INTO several VALUES (9, '294276-01-02', NULL), (9, '2024-01-01', NULL)");
    sandbox.once();
    sandbox.assert_equal("several");
    assert!(columns(&sandbox).contains(&r#"{"a":9,"b":null} b"#.to_owned()), "{:?}", columns(&sandbox));
}

#[test]
fn a_row_whose_key_is_rejected_is_listed_once_however_often_it_is_written() {
    let sandbox =
        Sandbox::new("CREATE TABLE t (k numeric(6, 2) PRIMARY KEY, v int); INSERT INTO t VALUES ('NaN', 1), (2, 2)");
    sandbox.once();
    for round in 0..3 {
        sandbox.sql(&format!("UPDATE t SET v = {round}"));
        sandbox.once();
        assert_eq!(columns(&sandbox), [r#"{"k":null} k"#], "round {round}");
    }
}

#[test]
fn keys_that_differ_in_their_last_digit_are_told_apart() {
    let sandbox = Sandbox::new(
        "CREATE TABLE t (k numeric(38, 0) PRIMARY KEY, v numeric(4, 2));
         INSERT INTO t VALUES (12345678901234567890123456789012345671, 'NaN'), (12345678901234567890123456789012345672, 'NaN')",
    );
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT count(DISTINCT key)::VARCHAR FROM _pg2duck.rejects"), "2");
    sandbox.sql("UPDATE t SET v = 1 WHERE k = 12345678901234567890123456789012345671");
    sandbox.once();
    let left = listed(&sandbox);
    assert!(left.len() == 1 && left[0].contains("12345678901234567890123456789012345672"), "{left:?}");
}

/// `json_object` would write NaN and infinity as such and a DECIMAL(38,38) as `.5`, which no JSON knows.
#[test]
fn a_key_that_json_has_no_number_for_is_valid_json_all_the_same() {
    let sandbox = Sandbox::new(
        "CREATE TABLE t (k float8 PRIMARY KEY, v numeric(4, 2)); INSERT INTO t VALUES ('NaN', 'NaN'), ('-Infinity', 'NaN'), (0.1, 'NaN');
         CREATE TABLE u (k numeric(38, 38) PRIMARY KEY, v numeric(4, 2)); INSERT INTO u VALUES (0.5, 'NaN')",
    );
    sandbox.once();
    let keys = sandbox.lake_column("SELECT key::VARCHAR FROM _pg2duck.rejects");
    assert_eq!(keys.len(), 4);
    for key in keys {
        assert!(serde_json::from_str::<serde_json::Value>(&key).is_ok(), "{key}");
    }
}

#[test]
fn stop_makes_it_an_error_that_names_column_and_reason_but_never_the_value() {
    let mut sandbox = Sandbox::new(ODD).with("REJECTS", "stop");
    sandbox.sql("CREATE TABLE fine (id int PRIMARY KEY); INSERT INTO fine VALUES (1)");
    sandbox.sql(r#"INSERT INTO odd (id, doc) VALUES (2, '"\ud800 sec-ret"')"#);
    let finished = sandbox.once_fails(1, &["public.odd", "\"doc\"", "half of a surrogate pair", "REJECTS=keep"]);
    assert!(!finished.stderr.contains("sec-ret"), "{}", finished.stderr);
    assert_eq!(sandbox.lake_tables(), ["main.fine"]);
    assert_eq!(sandbox.status("public.odd").unwrap()["state"], "failed");
    sandbox.sql("UPDATE odd SET doc = NULL");
    sandbox.once();
    sandbox.assert_equal("odd");
    // In a later cycle the table keeps what it has.
    sandbox.sql("UPDATE odd SET amount = 'NaN', note = 'not taken' WHERE id = 1; INSERT INTO fine VALUES (2)");
    sandbox.once_fails(1, &["public.odd", "\"amount\"", "NaN"]);
    sandbox.assert_equal("fine");
    assert_eq!(sandbox.lake_value("SELECT note FROM odd WHERE id = 1"), "good");
    assert_eq!(listed(&sandbox), [""; 0]);
    // One table may be let through where the others stop, and the other way round.
    sandbox.set("SYNC_TABLE_ODD_REJECTS", "keep");
    sandbox.once();
    sandbox.assert_equal("odd");
    assert_eq!(columns(&sandbox), [r#"{"id":1} amount"#]);
    sandbox.set("REJECTS", "keep");
    sandbox.set("SYNC_TABLE_ODD_REJECTS", "stop");
    sandbox.once();
    sandbox.sql("UPDATE odd SET cells = '{{1}}'");
    sandbox.once_fails(1, &["public.odd", "REJECTS=keep"]);
}

#[test]
fn a_word_that_is_neither_keep_nor_stop_is_refused() {
    Sandbox::new(ODD).with("REJECTS", "maybe").once_fails(2, &["REJECTS=maybe", "keep or stop"]);
    Sandbox::new(ODD)
        .with("SYNC_TABLE_ODD_REJECTS", "drop")
        .once_fails(2, &["SYNC_TABLE_ODD_REJECTS=drop", "keep or stop"]);
}

#[test]
fn files_with_and_without_rejects_of_one_cycle_land_together() {
    for batch_size in [1, 2, 100] {
        let sandbox = Sandbox::new(ODD).with("BATCH_SIZE", batch_size);
        let spoil = |range: &str| {
            sandbox.sql(&format!(
                "INSERT INTO odd (id, amount, note) SELECT g, CASE WHEN g % 3 = 0 THEN 'NaN'::numeric ELSE g END, 'n' || g FROM generate_series({range}) g"
            ));
        };
        spoil("2, 10");
        sandbox.once();
        sandbox.assert_equal("odd");
        assert_eq!(listed(&sandbox).len(), 3, "of {batch_size}");
        assert_eq!(sandbox.compare("public", "odd").check_files(&sandbox.parquet_files()), 10);
        let first = sandbox.parquet_files();
        assert_eq!(first.len(), 10_usize.div_ceil(batch_size));
        spoil("11, 20");
        sandbox.sql("UPDATE odd SET amount = 1 WHERE id = 3; UPDATE odd SET amount = 'NaN' WHERE id = 4");
        sandbox.once();
        sandbox.assert_equal("odd");
        assert_eq!(listed(&sandbox).len(), 6, "of {batch_size}");
        let later: Vec<_> = sandbox.parquet_files().into_iter().filter(|file| !first.contains(file)).collect();
        assert_eq!(sandbox.compare("public", "odd").check_files(&later), 12);
    }
}

#[test]
fn a_column_called_like_the_archives_own_is_copied_all_the_same_or_refused_with_a_sentence() {
    let sandbox = Sandbox::new(
        "CREATE TABLE fine (id int PRIMARY KEY); INSERT INTO fine VALUES (1);
         CREATE TABLE t (id int PRIMARY KEY, _pg2duck_rejects text, a numeric(4, 2)); INSERT INTO t VALUES (1, 'mine', 'NaN')",
    );
    let finished = sandbox.call(&["once"]);
    sandbox.assert_equal("fine");
    if finished.code == Some(0) {
        sandbox.assert_equal("t");
    } else {
        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        assert!(finished.stderr.contains("\"_pg2duck_rejects\" of public.t"), "{}", finished.stderr);
    }
}

/// `json` keeps what no parser takes: once that failed the load of its table, now it is NULL there and listed.
#[test]
fn a_value_that_the_lake_refuses_is_told_as_such_and_stops_no_table() {
    let sandbox = Sandbox::new("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'v')");
    sandbox.sql(r#"CREATE TABLE bad (id int PRIMARY KEY, j json); INSERT INTO bad VALUES (1, '"\ud800 sec-ret"'), (2, '"fine"')"#);
    let finished = sandbox.once();
    assert!(!finished.stderr.contains("sec-ret"), "{}", finished.stderr);
    assert_eq!(sandbox.lake_column("SELECT coalesce(j::VARCHAR, 'NULL') FROM bad ORDER BY id"), ["NULL", "\"fine\""]);
    let listed = "SELECT concat_ws('|', source_table, key, column_name, value, reason) FROM _pg2duck.rejects";
    let expected = r#"bad|{"id":1}|j|"\ud800 sec-ret"|half of a surrogate pair, which DuckDB's JSON cannot hold"#;
    assert_eq!(sandbox.lake_column(listed), [expected]);
    sandbox.assert_equal("t");
}
