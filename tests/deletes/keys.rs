//! A deleted key finds its row in the lake, whatever its type and however it is spelled.

use super::triggers::audited;

#[test]
fn keys_of_every_kind_find_their_rows() {
    let sandbox = audited(
        r#"CREATE TABLE "Odd Keys" (tenant uuid, "at" timestamptz, code bytea, n numeric, "char" char(4), day date, tz timetz,
               net inet, flag bool, f float8, note text, PRIMARY KEY (tenant, "at", code, n, "char", day, tz, net, flag, f));
           INSERT INTO "Odd Keys" SELECT gen_random_uuid(), now() - g * interval '1 us', decode(md5(g::text), 'hex'), g / 3.0,
               'a' || g % 7, date '-infinity', '12:00+05:30', '10.0.0.1', g % 2 = 0, g / 7.0, 'note'
           FROM generate_series(1, 50) g;
           INSERT INTO "Odd Keys" VALUES ('00000000-0000-0000-0000-000000000000', 'infinity', '', 1.50, '', '4713-01-01 BC',
               '24:00-15:59', '::1/64', true, 'NaN', 'edge');"#,
    );
    sandbox.once();
    sandbox.sql(r#"DELETE FROM "Odd Keys" WHERE note = 'edge' OR flag"#);
    sandbox.once();
    sandbox.assert_equal("Odd Keys");
}

#[test]
fn a_masked_key_finds_its_rows() {
    let sandbox = audited(
        "CREATE TABLE people (email text PRIMARY KEY, n int); INSERT INTO people VALUES ('a@b.c', 1), ('d@e.f', 2)",
    )
    .with("SYNC_TABLE_PEOPLE_MASK", "email")
    .with("MASK_SALT", "pepper");
    sandbox.once();
    sandbox.sql("DELETE FROM people WHERE n = 1");
    sandbox.once();
    assert_eq!(sandbox.lake_column("SELECT n::VARCHAR FROM people"), ["2"]);
}

/// Guards against a row under each spelling: Postgres calls them equal, the lake does not.
#[test]
fn a_key_that_is_spelled_otherwise_leaves_nothing_under_the_old_spelling() {
    for (declared, before, after) in [
        ("citext", "abc", "ABC"),
        ("text COLLATE spelled", "abc", "ABC"),
        ("numeric", "1.0", "1.00"),
        ("char(4)", "a", "a   "),
        ("float8", "0", "-0"),
        ("citext", "abc", "abc"),
    ] {
        let sandbox = audited(&format!(
            "CREATE EXTENSION citext;
             CREATE COLLATION spelled (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
             CREATE TABLE t (k {declared} PRIMARY KEY, n int); INSERT INTO t VALUES ('{before}', 1), ('2', 2), ('3', 3)"
        ));
        sandbox.once();
        sandbox.sql(&format!("UPDATE t SET k = '{after}', n = 10 WHERE n = 1"));
        sandbox.sql("UPDATE t SET k = '22' WHERE n = 2; INSERT INTO t VALUES ('2', 4); DELETE FROM t WHERE n = 3");
        sandbox.once();
        sandbox.assert_equal("t");
    }
}
