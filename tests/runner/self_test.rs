//! The runner is tested, too: a case that should fail does, with the line and the reason.

use crate::case;
use crate::cells::Cell;
use crate::script::changes_the_server;
use libtest_mimic::Trial;

/// Every way in which a case can fail, each at a line of its own.
const WRONG: &str = "create table t(id int primary key, v text); insert into t values (1, 'a'), (2, 'b');
-- @once
insert into t values (3, 'c'); update t set v = 'changed' where id = 1; delete from t where id = 2;
-- @cmp public.t id
-- @cmp public.t id nosuch
-- @expect select count(*) from t => [[\"3\"]]
-- @expect select count(*) from nosuch => []
-- @rc 1
-- @says no such words
select 1 / 0;
-- @unknown
-- @run stop
alter table t add later int;
-- @cmp public.t id main.t where id = 99
-- @env DATABASE_URL=postgres://nobody@127.0.0.1:1/none STATE_DIR=$DIR/other
-- @once
-- @rc 0";

/// The line of each failure, and what it says.
const DUE: [(usize, &str); 10] = [
    (4, "public.t: 3 differences: missing (\"3\"); extra (\"2\"); (\"1\") v: source \"changed\", lake \"a\""),
    (5, "cannot read nosuch"),
    (6, "gives [[\"2\"]], expected [[\"3\"]]"),
    (7, "select count(*) from nosuch: "),
    (8, "exit code 0, expected 1"),
    (9, "does not say \"no such words\""),
    (10, "division by zero"),
    (11, "unknown directive @unknown"),
    (14, "the lake lacks the columns later"),
    (17, "exit code 2, expected 0"),
];

/// Tests of the runner, to run with the cases.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        let test = move || std::panic::catch_unwind(test).map_err(|panic| case::said(&*panic).into());
        Trial::test(format!("runner/{name}"), test)
    };
    vec![
        trial("a_case_that_is_wrong_fails_with_lines_and_reasons", fails_with_lines_and_reasons),
        trial("values_are_the_same_in_every_spelling_and_no_others", spellings),
        trial("what_all_databases_share_needs_a_server_of_its_own", own_servers),
    ]
}

fn fails_with_lines_and_reasons() {
    let failures = case::play_text("wrong", WRONG, false).expect_err("it must fail");
    let listed = failures.join("\n");
    assert_eq!(failures.len(), DUE.len(), "{listed}");
    for (failure, (line, words)) in failures.iter().zip(DUE) {
        assert!(
            failure.starts_with(&format!("line {line}: ")) && failure.contains(words),
            "{line}: {words} in\n{listed}"
        );
    }
}

fn spellings() {
    let text = |text: &str| Cell::Text(text.to_owned());
    for (source, lake) in [
        ("t", "true"),
        ("1", "1.0"),
        ("1e+20", "1e20"),
        ("infinity", "inf"),
        ("0044-03-15 BC", "44-03-15 (BC)"),
        ("0044-03-15 12:00:00 BC", "44-03-15 (BC) 12:00:00"),
        ("1 mon", "1 month"),
        ("2 years 3 mons -4 days +05:00:00", "2 years 3 months -4 days 05:00:00"),
    ] {
        assert!(text(source).is_same(&text(lake)), "{source} is {lake}");
    }
    for (source, lake) in [("1", "2.0"), ("01", "1"), ("1 mon", "30 days"), ("a", "b"), ("0044-03-15", "44-03-15 (BC)")]
    {
        assert!(!text(source).is_same(&text(lake)), "{source} is not {lake}");
    }
    assert!(!Cell::Null.is_same(&text("")) && !text("NULL").is_same(&Cell::Null));
    let array = Cell::postgres_array(r#"[0:1]={{a,NULL},{"N, \"x\"",""}}"#);
    let expected = serde_json::json!([["a", null], ["N, \"x\"", ""]]);
    assert_eq!(array, Cell::json(&expected));
}

fn own_servers() {
    for text in [
        "create role plain login;",
        "ALTER  USER reader SET work_mem = 1;",
        "alter system set x = 1;",
        "revoke pg_read_all_data from reader;",
        "create table t(id int);\n-- @setup --audit full --role other",
    ] {
        assert!(changes_the_server(text), "{text}");
    }
    for text in [
        "create table roles(id int); drop table roles;",
        "create user mapping for public server elsewhere;",
        "grant select on t to reader;",
        "-- @setup --audit full --role reader",
    ] {
        assert!(!changes_the_server(text), "{text}");
    }
}
