//! Servers of other encodings, and sessions that print in other ways by default: what arrives does not depend on them.

use super::edges::quote;
use crate::support::{Comparison, EVERY_TYPE, ROLE, SETUP, Sandbox, Session};

/// A sandbox that follows a database of this encoding, and how to open sessions in it.
fn encoded(encoding: &str) -> (Sandbox, impl Fn() -> Session + use<>) {
    let sandbox = Sandbox::new("");
    let database = format!("{}_{}", sandbox.database, encoding.to_lowercase());
    sandbox.sql(&format!(
        "CREATE DATABASE {database} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    ));
    let url = sandbox.url().replace(&sandbox.database, &database);
    let port = sandbox.cluster.port;
    (sandbox.with("DATABASE_URL", url), move || Session::open(port, &database, "postgres", "postgres"))
}

#[test]
fn text_of_a_latin1_server_arrives_as_utf8() {
    let (sandbox, session) = encoded("LATIN1");
    session().execute(
        r#"CREATE TYPE stimmung AS ENUM ('müde', 'wach'); CREATE TYPE "Größe" AS ("Höhe" int, "Größe" text);
           CREATE TABLE "Töne" (id text PRIMARY KEY, "Größe" "Größe", list text[], j json, b jsonb, m stimmung, raw bytea, c char(3), n name,
                                range daterange, hash text GENERATED ALWAYS AS (md5('ü')) STORED);
           INSERT INTO "Töne" VALUES ('ÿ', '(1,"ä, ö")', '{é,NULL,"ß \"x\""}', '{"ü": "\u00fc ü"}', '{"ü": "\u00fc ü"}', 'müde', '\xff', 'é', 'ñ'),
               ('', NULL, '{}', 'null', 'null', 'wach', '', '', '')"#,
    );
    let compare = || Comparison::new(session(), sandbox.lake_path(), "public", "Töne");
    sandbox.once();
    compare().check();
    session()
        .execute(r#"UPDATE "Töne" SET list = list || 'à'::text, m = 'wach'; INSERT INTO "Töne" (id) VALUES ('§')"#);
    sandbox.once();
    compare().check();
    assert_eq!(compare().check_files(&sandbox.parquet_files()[1..]), 3);
    assert_eq!(sandbox.lake_value(r#"SELECT "Größe"."Größe" FROM "Töne" WHERE id = 'ÿ'"#), "ä, ö");
}

#[test]
fn text_of_a_sql_ascii_server_arrives_where_it_is_utf8_and_is_listed_where_it_is_not() {
    let (sandbox, session) = encoded("SQL_ASCII");
    session().execute(
        r#"CREATE TYPE pair AS (n int, v text);
          CREATE TABLE t (id text PRIMARY KEY, v text, list text[], p pair, c varchar(9), ch char(4), n name, j json, raw bytea, x int4range);
          INSERT INTO t VALUES ('good', 'Müller', '{é,NULL}', '(1,ü)', 'é', 'ü', 'ñ', '"ü"', '\xfc', '[1,2)');
          INSERT INTO t VALUES ('bad', E'M\374ller', ARRAY['a', E'\351'], ROW(1, E'x\377'), E'\351', E'\374', E'\361', E'"\374"', '\xfc', '[1,2)');
          INSERT INTO t (id, v) VALUES (E'k\374', 'no place');"#,
    );
    sandbox.once();
    let rows = "SELECT concat_ws('|', id, v, list, p, c, ch, n, j, raw, x) FROM t ORDER BY id";
    let good = r#"good|Müller|[é, NULL]|{'n': 1, 'v': ü}|é|ü |ñ|"ü"|\xFC|[1,2)"#.replace("ü |", "ü  |");
    assert_eq!(sandbox.lake_column(rows), [r"bad|\xFC|[1,2)".to_owned(), good.clone()]);
    let rejects =
        "SELECT concat_ws('|', key, column_name, value, reason) FROM _pg2duck.rejects ORDER BY key, column_name";
    let reason = "the text is not valid UTF-8";
    let listed: Vec<String> = [
        (r#"{"id":"bad"}"#, "c", r"\xe9"),
        (r#"{"id":"bad"}"#, "ch", r"\xfc   "),
        (r#"{"id":"bad"}"#, "j", r#""\xfc""#),
        (r#"{"id":"bad"}"#, "list", r#"{a,"\\xe9"}"#),
        (r#"{"id":"bad"}"#, "n", r"\xf1"),
        (r#"{"id":"bad"}"#, "p", r#"(1,"x\\xff")"#),
        (r#"{"id":"bad"}"#, "v", r"M\xfcller"),
        (r#"{"id":null}"#, "id", r"k\xfc"),
    ]
    .map(|(key, column, value)| {
        let missing = if column == "id" { "; it is in the key, so the row is missing from the lake" } else { "" };
        format!("{key}|{column}|{value}|{reason}{missing}")
    })
    .into();
    assert_eq!(sandbox.lake_column(rejects), listed);
    session().execute(
        "UPDATE t SET v = 'mended', list = '{}', p = NULL, c = NULL, ch = 'x', n = 'y', j = 'null' WHERE id = 'bad'",
    );
    sandbox.once();
    assert_eq!(sandbox.lake_column(rows), [r"bad|mended|[]|x   |y|null|\xFC|[1,2)".to_owned(), good]);
    assert_eq!(sandbox.lake_column(rejects), listed[7..]);
}

/// Whatever a role's or a database's defaults are, values are read alike.
#[test]
fn settings_of_the_role_do_not_change_what_arrives() {
    let columns: Vec<_> =
        EVERY_TYPE.iter().map(|edges| format!("{} {}", quote(edges.declared), edges.declared)).collect();
    let row = |at: usize| EVERY_TYPE.iter().map(|edges| edges.literal(at)).collect::<Vec<_>>().join(", ");
    let rows: String = (0..20).map(|at| format!("INSERT INTO edges VALUES ({at}, {});", row(at))).collect();
    let sandbox =
        Sandbox::new(&format!("{SETUP} CREATE TABLE edges (id int PRIMARY KEY, {}); {rows}", columns.join(", ")))
            .with("SYNC_TABLES", "edges");
    for setting in [
        "DateStyle = 'German, DMY'",
        "IntervalStyle = 'sql_standard'",
        "TimeZone = 'Asia/Kathmandu'",
        "bytea_output = 'escape'",
        "extra_float_digits = -15",
        "xmlbinary = 'hex'",
        "quote_all_identifiers = on",
        "array_nulls = off",
        "standard_conforming_strings = off",
        "client_encoding = 'LATIN1'",
        "default_transaction_isolation = 'serializable'",
        "transform_null_equals = on",
        "enable_seqscan = off",
    ] {
        sandbox.sql(&format!("ALTER ROLE {ROLE} IN DATABASE {} SET {setting}", sandbox.database));
    }
    sandbox.once();
    sandbox.assert_equal("edges");
}
