//! `char(n)`: padded as Postgres prints it, or trimmed as Postgres compares it (`CHAR=trimmed`), in keys and everywhere else.

use super::rejects::columns;
use crate::support::Sandbox;

const CODES: &str = "
    CREATE TABLE t (code char(5), part char(2), v int, note char(4), PRIMARY KEY (code, part));
    INSERT INTO t VALUES ('', 'a', 1, 'x'), ('ab', 'a', 2, ''), ('ab', 'b', 3, NULL), ('ab  c', '', 4, 'é'), ('é', 'é', 5, E'y\\t'), ('abcde', 'ab', 6, 'full');";

fn source(sandbox: &Sandbox) -> String {
    sandbox.value(
        "SELECT string_agg(format('<%s|%s|%s|%s>', code::text, part::text, v, note::text), '' ORDER BY v) FROM t",
    )
}

fn lake(sandbox: &Sandbox, table: &str) -> String {
    let row = "'<' || concat_ws('|', code, part, v, coalesce(note, '')) || '>'";
    sandbox.lake_value(&format!("SELECT coalesce(string_agg({row}, '' ORDER BY v), '') FROM {table}"))
}

/// Triggers record keys as they are printed, padded; comparing keys reads them from the table.
#[test]
fn trimmed_keys_are_found_again_in_every_mode_however_deletes_are_noticed() {
    for (mode, current) in [
        ("mirror", "t"),
        ("full", "t"),
        ("soft_delete", "(SELECT * FROM t WHERE _deleted_at IS NULL)"),
        ("history", "t_current"),
        (
            "append",
            "(SELECT * FROM (SELECT * FROM t QUALIFY row_number() OVER (PARTITION BY code, part ORDER BY rowid DESC) = 1) WHERE _op <> 'd')",
        ),
    ] {
        for audit in ["none", "keys", "full"] {
            let mut sandbox =
                Sandbox::new(CODES).with("SYNC_MODE", mode).with("DIFF_INTERVAL", "0s").with("CHAR", "trimmed");
            if audit != "none" {
                let url =
                    format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
                sandbox.set("SETUP_DATABASE_URL", url);
                assert_eq!(sandbox.call(&["setup", "--audit", audit]).code, Some(0));
            }
            let how = format!("{mode}, audit {audit}");
            sandbox.once();
            assert_eq!(lake(&sandbox, current), source(&sandbox), "{how}");
            sandbox.sql("UPDATE t SET v = v + 10, note = 'z' WHERE code = 'ab'; DELETE FROM t WHERE code IN ('', 'é')");
            sandbox.sql("INSERT INTO t VALUES ('é  ', 'é', 20, NULL), ('new', 'n', 21, 'n'); DELETE FROM t WHERE code = 'abcde'");
            sandbox.once();
            assert_eq!(lake(&sandbox, current), source(&sandbox), "{how}");
            sandbox.sql("DELETE FROM t WHERE part IN ('a', 'n', ''); UPDATE t SET part = 'c' WHERE code = 'ab'");
            sandbox.once();
            assert_eq!(lake(&sandbox, current), source(&sandbox), "{how}");
        }
    }
}

/// The digests of ranges of keys are alike when both databases print the keys alike, and no key has to be read.
#[test]
fn comparing_trimmed_keys_reads_none_where_none_is_gone() {
    let keys_read = |chars: &str| {
        let sandbox = Sandbox::quiet(CODES).with("CHAR", chars).with("DIFF_INTERVAL", "0s");
        sandbox.once();
        sandbox.sql("UPDATE t SET v = v + 1");
        let before = sandbox.statements().len();
        sandbox.once();
        let statements = sandbox.statements().split_off(before);
        assert!(statements.iter().any(|sql| sql.contains("md5(concat_ws(")), "no keys were compared: {statements:?}");
        statements.iter().filter(|sql| sql.contains("'0'::xid")).count()
    };
    assert_eq!(keys_read("trimmed"), 0);
    assert_ne!(keys_read("padded"), 0, "then this setting would be moot");
}

#[test]
fn padded_is_the_default_and_a_table_may_be_trimmed_alone() {
    let mut sandbox = Sandbox::new(CODES);
    sandbox.sql("CREATE TABLE other (id int PRIMARY KEY, c char(3)); INSERT INTO other VALUES (1, 'a')");
    sandbox.once();
    sandbox.assert_equal("t");
    sandbox.assert_equal("other");
    sandbox.set("SYNC_TABLE_T_CHAR", "trimmed");
    sandbox.once();
    assert_eq!(lake(&sandbox, "t"), source(&sandbox));
    sandbox.assert_equal("other");
    sandbox.set("CHAR", "trimmed");
    sandbox.set("SYNC_TABLE_T_CHAR", "padded");
    sandbox.once();
    sandbox.assert_equal("t");
    assert_eq!(sandbox.lake_value("SELECT c FROM other"), "a");
    sandbox.with("CHAR", "short").once_fails(2, &["CHAR=short", "padded or trimmed"]);
}

#[test]
fn arrays_and_composites_are_trimmed_within_and_keep_their_types() {
    let sandbox = Sandbox::new(
        "CREATE TYPE part AS (c char(3), n int); CREATE DOMAIN code AS char(4); CREATE DOMAIN codes AS char(4)[];
         CREATE TABLE t (id int PRIMARY KEY, list char(3)[], grid char(3)[][], p part, ps part[], d code, ds code[], c codes, free bpchar, one char, shown text);
         INSERT INTO t VALUES (1, '{a,NULL,\"\",\" b\"}', '{{a,b},{abc,NULL}}', '(x,1)', ARRAY['(y,2)'::part], 'd', '{e}', '{f,g}', 'h  ', ' ', 'i  '),
             (2, '{}', NULL, '(,)', NULL, '', NULL, NULL, NULL, NULL, NULL)",
    )
    .with("CHAR", "trimmed")
    .with("SYNC_TABLE_T_TYPE", "shown:text");
    sandbox.once();
    let rows = "SELECT concat_ws('|', list, grid, p, ps, d, ds, c, free, one, shown) FROM t ORDER BY id";
    assert_eq!(
        sandbox.lake_column(rows),
        [
            "[a, NULL, '', ' b']|[[a, b], [abc, NULL]]|{'c': x, 'n': 1}|[{'c': 'y  ', 'n': 2}]|d|[e]|[f, g]|h||i  ",
            "[]|{'c': NULL, 'n': NULL}|"
        ]
    );
    let types =
        "SELECT data_type FROM duckdb_columns() WHERE table_name = 't' AND schema_name = 'main' ORDER BY column_index";
    let types = sandbox.lake_column(types);
    assert_eq!(
        types[1..6],
        ["VARCHAR[]", "VARCHAR[][]", "STRUCT(c VARCHAR, n INTEGER)", "STRUCT(c VARCHAR, n INTEGER)[]", "VARCHAR"]
    );
    assert_eq!(columns(&sandbox), [""; 0]);
}

/// As text, a `char(n)` is what Postgres prints, unless it is to be trimmed.
#[test]
fn a_char_that_is_read_as_json_is_what_postgres_makes_of_it() {
    let mut sandbox = Sandbox::new(CODES).with("SYNC_TABLE_T_TYPE", "note:json");
    sandbox.once();
    assert_eq!(sandbox.lake_value("SELECT note::VARCHAR FROM t WHERE v = 1"), "\"x   \"");
    sandbox.set("SYNC_TABLE_T_TYPE", "note:text,code:text");
    sandbox.once();
    sandbox.assert_equal("t");
    sandbox.set("CHAR", "trimmed");
    sandbox.once();
    assert_eq!(lake(&sandbox, "t"), source(&sandbox));
}
