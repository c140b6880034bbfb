//! Every type that Postgres can index as the key of a table: rows are found again by it, none is taken for another, and one
//! whose key the lake cannot hold is listed and does not land. In each row another value is rejected, so that the list, too,
//! finds rows by their keys.

use crate::support::{EVERY_TYPE, SETUP, Sandbox};

/// Types that have no order in Postgres, so that no key can be made of them.
const WITHOUT_ORDER: &str = "json xml point line lseg box path polygon circle lquery xid cid pg_snapshot jsonpath aclitem \
     own_text mixed json[] spots point[] box[]";

/// Tried at every run: each way in which a key travels. PG2DUCK_EVERY_KEY=1 tries all that have an order.
const SAMPLE: &str = "bool int2 int8 oid float4 float8 numeric(12,2) numeric(38,38) numeric(3,-2) numeric(39,0) numeric amount money \
     text char(6) citext bytea uuid date time timetz timestamp timestamptz interval jsonb mood inet int4range int4[] nested";

/// Whether the list has this type.
fn names(list: &str, declared: &str) -> bool {
    list.split(' ').any(|name| name == declared)
}

#[test]
fn any_type_that_can_be_a_key() {
    let all = std::env::var_os("PG2DUCK_EVERY_KEY").is_some();
    let sandbox = Sandbox::new(SETUP).with("SYNC_TABLES", "keys.*");
    sandbox.sql("CREATE SCHEMA keys");
    let (mut tables, mut session, mut without) = (Vec::new(), sandbox.session(), Vec::new());
    for (number, edges) in EVERY_TYPE.iter().enumerate() {
        if !all && !names(SAMPLE, edges.declared) && !names(WITHOUT_ORDER, edges.declared) {
            continue;
        }
        let table = format!("t{number}");
        let declared = edges.declared;
        let rows = (0..edges.values.len()).map(|at| {
            format!("INSERT INTO keys.{table} VALUES ({}, {at}, 'NaN') ON CONFLICT DO NOTHING;", edges.literal(at))
        });
        let rows: String = rows.collect();
        // What has no order shows at once, or in a composite or array only when two are compared.
        match session.try_execute(&format!(
            "CREATE TABLE keys.{table} (k {declared} PRIMARY KEY, n int, odd numeric(4, 2)); {rows}"
        )) {
            Ok(()) => tables.push(table),
            Err(error) => {
                let expected = ["no default operator class", "could not identify a comparison function"];
                assert!(expected.iter().any(|reason| error.contains(reason)), "{declared}: {error}");
                without.push(declared);
            }
        }
    }
    assert_eq!(without.join(" "), WITHOUT_ORDER);
    let compare = |table: &String| sandbox.compare("keys", table);
    sandbox.once();
    tables.iter().for_each(|table| compare(table).check());
    let first = sandbox.parquet_files();
    session.execute(
        &tables
            .iter()
            .map(|table| {
                format!("UPDATE keys.{table} SET n = -n - 1, odd = CASE WHEN n % 2 = 0 THEN 1 ELSE 'NaN'::numeric END;")
            })
            .collect::<String>(),
    );
    sandbox.once();
    for table in &tables {
        compare(table).check();
        let folder = format!("/keys.{table}/");
        let of_table = |file: &&std::path::PathBuf| file.to_string_lossy().contains(&folder) && !first.contains(file);
        let files: Vec<_> = sandbox.parquet_files().iter().filter(of_table).cloned().collect();
        let rows = compare(table).check_files(&files);
        assert_eq!(rows.to_string(), sandbox.value(&format!("SELECT count(*) FROM keys.{table}")), "{table}");
    }
}

#[test]
fn keys_of_several_columns_of_awkward_types() {
    let sandbox = Sandbox::new(&format!(
        "{SETUP}
         CREATE TABLE several (a numeric, b timestamptz, c int[], d point3, e interval, f jsonb, v text, PRIMARY KEY (d, a, c, b, e, f));
         INSERT INTO several
         SELECT a, b, c, d, e, f, 'v' FROM (VALUES ('NaN'::numeric), ('1.10'), ('1e400')) a(a),
             (VALUES (timestamptz 'infinity'), ('2024-01-01')) b(b), (VALUES ('{{}}'::int[]), ('{{{{1,2}}}}')) c(c),
             (VALUES ('(1,2,)'::point3), ('(,,\"x y\")')) d(d), (VALUES (interval '1 mon'), ('-1 day')) e(e),
             (VALUES (jsonb '{{\"b\": 1.50}}'), ('null')) f(f)"
    ))
    .with("SYNC_TABLES", "several");
    sandbox.once();
    sandbox.assert_equal("several");
    // The same number in other digits is the same key.
    sandbox.sql("UPDATE several SET v = 'w', a = a * 1.000 WHERE a <> 'NaN'");
    sandbox.once();
    sandbox.assert_equal("several");
    assert_eq!(sandbox.lake_value("SELECT count(*)::VARCHAR FROM several"), "96");
}
