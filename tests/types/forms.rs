//! No value is lost because its type cannot hold it: what is rejected can be had back from `_pg2duck.rejects`, and a column that
//! `SYNC_TABLE_<NAME>_TYPE` reads as JSON or as text holds every value.

use super::edges::{elements, quote};
use super::rejects::{ODD, columns, listed};
use crate::support::{EVERY_TYPE, SETUP, Sandbox};

/// A table of columns that are called like their types, with these rows.
fn table(declared: &[String], rows: &[Vec<String>]) -> Sandbox {
    let definitions: String = declared.iter().map(|kind| format!(", {} {kind}", quote(kind))).collect();
    let rows: String =
        rows.iter().enumerate().map(|(id, row)| format!("INSERT INTO t VALUES ({id}, {});", row.join(", "))).collect();
    Sandbox::new(&format!("{SETUP} CREATE TABLE t (id int PRIMARY KEY{definitions}); {rows}")).with("SYNC_TABLES", "t")
}

/// `TYPE` for all of these columns.
fn all_as(word: &str, declared: &[String]) -> String {
    declared.iter().map(|kind| format!("{}:{word}", quote(kind))).collect::<Vec<_>>().join(",")
}

/// Arrays of every type, each as it should not be, as it is declared, and shifted.
fn arrays() -> (Vec<String>, Vec<Vec<String>>) {
    let (mut declared, mut rows) = (Vec::new(), vec![Vec::new(); 5]);
    for edges in elements() {
        let item = |at| edges.literal(at);
        let kind = format!("{}[]", edges.declared);
        rows[0].push(format!("ARRAY[ARRAY[{}, NULL], ARRAY[{}, {}]]", item(0), item(1), item(2)));
        rows[1].push(format!("array_fill({}, ARRAY[1, 2], ARRAY[0, -3])", item(3)));
        rows[2].push(format!("array_fill({}, ARRAY[2], ARRAY[-1])", item(4)));
        rows[3].push(format!("'{{}}'::{kind}"));
        rows[4].push(format!("ARRAY[{}]", (0..edges.values.len()).map(item).collect::<Vec<_>>().join(", ")));
        declared.push(kind);
    }
    (declared, rows)
}

/// What every row holds in this column of the lake, NULL as `None`.
fn in_lake(sandbox: &Sandbox, column: &str) -> Vec<Option<String>> {
    let texts =
        sandbox.lake_column(&format!("SELECT coalesce('=' || {}::VARCHAR, 'NULL') FROM t ORDER BY id", quote(column)));
    texts.into_iter().map(|text| text.strip_prefix('=').map(str::to_owned)).collect()
}

fn in_source(sandbox: &Sandbox, expression: &str) -> Vec<Option<String>> {
    let rows = sandbox.session().rows(&format!("SELECT {expression} FROM t ORDER BY id"));
    rows.into_iter().flatten().collect()
}

#[test]
fn a_rejected_array_of_any_type_can_be_had_back_from_the_list() {
    let (declared, rows) = arrays();
    let sandbox = table(&declared, &rows);
    sandbox.once();
    sandbox.assert_equal("t");
    let entries =
        sandbox.lake_column("SELECT concat_ws(chr(31), column_name, key->>'id', value) FROM _pg2duck.rejects");
    assert!(entries.len() > declared.len(), "{} entries", entries.len());
    let mut session = sandbox.session();
    for entry in entries {
        let [column, id, value] = entry.split('\u{1f}').collect::<Vec<_>>()[..] else { panic!("{entry}") };
        // The catalog's own vectors are arrays that print otherwise.
        if matches!(column, "int2vector[]" | "oidvector[]") {
            continue;
        }
        let value = value.replace('\'', "''");
        // Elsewhere Postgres separates boxes with semicolons.
        let by_way = if column == "box[]" { "::text[]" } else { "" };
        let query =
            format!("SELECT ('{value}'{by_way}::{column})::text, {}::text FROM t WHERE id = {id}", quote(column));
        let pair = &session.rows(&query)[0];
        assert_eq!(pair[0], pair[1], "{column} of row {id}: {value}");
    }
}

#[test]
fn every_array_is_held_as_json_and_as_text() {
    let (declared, rows) = arrays();
    let mut sandbox = table(&declared, &rows).with("SYNC_TABLE_T_TYPE", all_as("json", &declared));
    // `json` itself may hold what DuckDB's cannot.
    let odd = |column: &str, text: &str| column == "json[]" && text.contains("\\ud800");
    let check_json = |sandbox: &Sandbox| {
        for column in &declared {
            let due = in_source(sandbox, &format!("to_json({})::text", quote(column)));
            let due: Vec<_> = due.into_iter().map(|value| value.filter(|text| !odd(column, text))).collect();
            assert_eq!(in_lake(sandbox, column), due, "{column}");
        }
        assert!(columns(sandbox).iter().all(|entry| entry.ends_with(" json[]")), "{:?}", columns(sandbox));
        let types = "SELECT DISTINCT data_type FROM duckdb_columns() WHERE table_name = 't' AND column_name <> 'id' AND schema_name = 'main'";
        assert_eq!(sandbox.lake_column(types), ["JSON"]);
    };
    sandbox.once();
    check_json(&sandbox);
    sandbox.sql("UPDATE t SET id = id");
    sandbox.once();
    check_json(&sandbox);
    // Another form: the table is copied afresh by itself.
    sandbox.set("SYNC_TABLE_T_TYPE", all_as("text", &declared));
    for round in 0..2 {
        sandbox.once();
        for column in &declared {
            assert_eq!(
                in_lake(&sandbox, column),
                in_source(&sandbox, &format!("concat({})", quote(column))),
                "{column}"
            );
        }
        assert_eq!(columns(&sandbox), [""; 0], "round {round}");
        sandbox.sql("UPDATE t SET id = id");
    }
    sandbox.unset("SYNC_TABLE_T_TYPE");
    sandbox.once();
    sandbox.assert_equal("t");
}

#[test]
fn text_holds_every_value_of_every_type() {
    let declared: Vec<String> = EVERY_TYPE.iter().map(|edges| edges.declared.to_owned()).collect();
    let rows: Vec<_> = (0..12).map(|at| EVERY_TYPE.iter().map(|edges| edges.literal(at)).collect()).collect();
    let sandbox = table(&declared, &rows).with("SYNC_TABLE_T_TYPE", all_as("text", &declared));
    sandbox.sql("INSERT INTO t (id) VALUES (100)");
    sandbox.once();
    for column in &declared {
        let name = quote(column);
        let due = in_source(&sandbox, &format!("CASE WHEN {name} IS DISTINCT FROM NULL THEN concat({name}) END"));
        assert_eq!(in_lake(&sandbox, column), due, "{column}");
    }
    assert_eq!(columns(&sandbox), [""; 0]);
}

/// Postgres does not enforce how many dimensions an array has. The entry of one that is not as declared names what holds it.
#[test]
fn the_reason_names_the_setting_that_holds_the_value() {
    let mut sandbox = Sandbox::new(ODD);
    sandbox.sql(r#"ALTER TABLE odd ADD "a:b" text[][]; INSERT INTO odd (id, cells, "a:b") VALUES (2, '{{1,2},{3,4}}', '[0:1]={x,y}')"#);
    sandbox.once();
    assert_eq!(
        listed(&sandbox),
        [
            r#"public.odd | {"id":2} | a:b | [0:1]={x,y} | an array of 1 dimensions in a column declared with 2; SYNC_TABLE_ODD_TYPE="a:b":json holds it"#,
            r#"public.odd | {"id":2} | cells | {{1,2},{3,4}} | an array of 2 dimensions in a column declared with 1; SYNC_TABLE_ODD_TYPE=cells:json holds it"#,
        ]
    );
    let stopped = sandbox.beside().with("REJECTS", "stop");
    stopped.once_fails(1, &["\"cells\"", "SYNC_TABLE_ODD_TYPE=cells:json holds it", "REJECTS=keep"]);
    sandbox.set("SYNC_TABLE_ODD_TYPE", r#"cells:json, "a:b":TEXT"#);
    sandbox.once();
    assert_eq!(listed(&sandbox), [""; 0]);
    let rows = r#"SELECT concat_ws(' ', id, cells, "a:b") FROM odd ORDER BY id"#;
    assert_eq!(sandbox.lake_column(rows), ["1 [1]", "2 [[1,2],[3,4]] [0:1]={x,y}"]);
}

/// An array is not as declared wherever it stands: in an attribute, in a domain, in a view, which knows no dimensions.
#[test]
fn arrays_within_other_types_are_held_too() {
    let mut sandbox = Sandbox::new(
        "CREATE TYPE part AS (n int, list int[]); CREATE DOMAIN grid AS int[][];
         CREATE TABLE t (id int PRIMARY KEY, p part, ps part[], g grid);
         INSERT INTO t VALUES (1, '(1,\"{{1},{2}}\")', ARRAY['(1,\"[5:5]={1}\")'::part, '(2,\"{{3}}\")'], '{7}');
         CREATE VIEW v AS SELECT id, g FROM t",
    )
    .with("SYNC_TABLE_V_PRIMARY_KEY", "id")
    .with("SYNC_TABLES", "t,v");
    sandbox.sql("INSERT INTO t VALUES (2, NULL, NULL, '{{7}}')");
    sandbox.once();
    assert_eq!(columns(&sandbox), [r#"{"id":1} g"#, r#"{"id":1} p"#, r#"{"id":1} ps"#, r#"{"id":1} g"#]);
    let values = sandbox.lake_column("SELECT value FROM _pg2duck.rejects WHERE column_name = 'ps'");
    assert_eq!(sandbox.value(&format!("SELECT '{}'::part[]::text = ps::text FROM t WHERE id = 1", values[0])), "t");
    sandbox.set("SYNC_TABLE_T_TYPE", "p:json,ps:json,g:text");
    sandbox.set("SYNC_TABLE_PUBLIC_V_TYPE", "g:json");
    sandbox.once();
    assert_eq!(columns(&sandbox), [""; 0]);
    assert_eq!(
        sandbox.lake_column("SELECT concat_ws(' ', p, ps, g) FROM t ORDER BY id"),
        [r#"{"n":1,"list":[[1],[2]]} [{"n":1,"list":[1]},{"n":2,"list":[[3]]}] {7}"#, "{{7}}"]
    );
    assert_eq!(sandbox.lake_column("SELECT g FROM v ORDER BY id"), ["[7]", "[[7]]"]);
}

#[test]
fn every_mode_holds_them() {
    for mode in ["mirror", "soft_delete", "history", "append", "full"] {
        for audit in ["none", "keys", "full"] {
            let mut sandbox = Sandbox::new(
                "CREATE TABLE t (id int PRIMARY KEY, a int[], b int[]); INSERT INTO t VALUES (1, '{1}', '{1}')",
            )
            .with("SYNC_MODE", mode)
            .with("SYNC_TABLE_T_TYPE", "a:json,b:text");
            if audit != "none" {
                let url =
                    format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
                sandbox.set("SETUP_DATABASE_URL", url);
                assert_eq!(sandbox.call(&["setup", "--audit", audit]).code, Some(0));
            }
            sandbox.once();
            sandbox.sql(
                "UPDATE t SET a = '{{1,2}}', b = '{{1,2},{3,NULL}}'; INSERT INTO t VALUES (2, '{{{3}}}', '{{{3}}}')",
            );
            sandbox.once();
            let how = format!("{mode}, audit {audit}");
            let current = if mode == "history" { "t_current" } else { "t" };
            let rows = sandbox.lake_column(&format!("SELECT concat_ws(' ', id, a, b) FROM {current} ORDER BY ALL"));
            let due = ["1 [1] {1}", "1 [[1,2]] {{1,2},{3,NULL}}", "2 [[[3]]] {{{3}}}"];
            assert_eq!(rows, due[usize::from(mode != "append")..], "{how}");
            assert_eq!(columns(&sandbox), [""; 0], "{how}");
        }
    }
}

#[test]
fn a_column_of_the_key_can_be_text_but_not_json() {
    let mut sandbox = Sandbox::new(
        "CREATE TABLE t (at timestamp, n numeric, v int, PRIMARY KEY (at, n)); INSERT INTO t VALUES ('294276-01-01', 1.50, 1), ('infinity', 2, 2)",
    )
    .with("SYNC_TABLE_T_TYPE", "at:json");
    sandbox.once_fails(1, &["\"at\" of public.t belongs to the key", "SYNC_TABLE_T_TYPE", "text"]);
    sandbox.set("SYNC_TABLE_T_TYPE", "at:text,n:text");
    sandbox.set("DIFF_INTERVAL", "0s");
    let rows = || sandbox.lake_column(r#"SELECT concat_ws('|', "at", n, v) FROM t ORDER BY v"#);
    sandbox.once();
    assert_eq!(rows(), ["294276-01-01 00:00:00|1.5|1", "infinity|2|2"]);
    sandbox.sql("UPDATE t SET v = 3, n = 1.500 WHERE v = 1; DELETE FROM t WHERE v = 2");
    sandbox.once();
    assert_eq!(rows(), ["294276-01-01 00:00:00|1.5|3"]);
}

#[test]
fn mistakes_are_told_by_name_and_a_masked_column_stays_masked() {
    let mut sandbox = Sandbox::new(ODD).with("SYNC_TABLE_ODD_TYPE", "cells:jsn");
    sandbox.once_fails(2, &["SYNC_TABLE_ODD_TYPE=cells:jsn", "json or text"]);
    sandbox.set("SYNC_TABLE_ODD_TYPE", "cels:json");
    sandbox.once_fails(1, &["public.odd has no column \"cels\", which SYNC_TABLE_ODD_TYPE names", "cells"]);
    sandbox.set("SYNC_TABLE_ODD_TYPE", "note:text,cells:json");
    sandbox.set("SYNC_TABLE_ODD_MASK", "cells");
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT length(cells)::VARCHAR FROM odd"), "64");
}
