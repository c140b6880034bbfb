//! Each mode's statements, as they are sent.

use super::*;
use crate::lake::schema::columns_in_place;
use crate::model::{ColumnType, DeletesBy, Fence, Payload, Position, SourceColumn, TableName, TableSchema};
use insta::assert_snapshot;

static CHANGED: Sql = Sql::fixed("changed_rows");
static DELETED: Sql = Sql::fixed("deleted_keys");
static VERSIONED: Sql = Sql::fixed("versions");

/// A table whose names need care, in this mode.
fn set(mode: Mode) -> ChangeSet {
    let column = |(at, name): (usize, &str)| SourceColumn {
        attnum: at as i16 + 1,
        name: name.into(),
        kind: ColumnType::Int8,
        read: Default::default(),
        declared: "bigint".into(),
        has_missing: false,
        type_oid: 0,
        expression: None,
    };
    ChangeSet {
        cycle: "1".into(),
        table: TableName::new("public", "it's"),
        lake: TableName::new("temp", "or\"der.csv"),
        cursor: "xmin".into(),
        deletes: DeletesBy::Audit,
        schema: TableSchema {
            columns: ["Id", "op"].into_iter().enumerate().map(column).collect(),
            key: vec!["Id".into()],
            mode,
            ..TableSchema::default()
        },
        position: Position {
            fence: Fence { xmin: 7, low: None },
            snapshot: "7:7:".into(),
            as_of: "2026-11-26 12:00:00.000000".into(),
            full_scan: None,
            audit: None,
        },
        earlier: Vec::new(),
        origin: None,
        succeeds: Vec::new(),
        drops_history: false,
        former: None,
        payload: Payload::Delta { schema_changed: false, changes: Vec::new(), comparison: None },
    }
}

/// One clause a line.
fn show(statements: &[Sql]) -> String {
    let clause = |text: String, word: &str| text.replace(&format!(" {word} "), &format!("\n  {word} "));
    let broken =
        |statement: &Sql| ["SELECT", "FROM", "WHERE", "LEFT JOIN"].into_iter().fold(statement.to_string(), clause);
    statements.iter().map(|statement| format!("{};\n", broken(statement))).collect()
}

fn shown(mode: Mode) -> String {
    show(&statements(&set(mode), &Rows { changed: Some(&CHANGED), deleted: Some(&DELETED) }))
}

fn shown_versions(mode: Mode) -> String {
    let set = set(mode);
    show(&versions(&set, &columns_in_place(&set.schema), &VERSIONED))
}

fn shown_fold(mode: Mode, known: &Known) -> String {
    let payload = Payload::Bootstrap { files: Vec::new(), rewritten: false, changes: Vec::new() };
    show(&fold(&ChangeSet { payload, ..set(mode) }, &Sql::fixed("copy"), known, &["code__2"]))
}

#[test]
fn mirror_deletes_and_inserts() {
    assert_snapshot!(shown(Mode::Mirror), @r#"
    DELETE
      FROM pg2duck_lake."temp"."or""der.csv" AS target USING (SELECT "Id"
      FROM deleted_keys UNION ALL
      SELECT "Id"
      FROM changed_rows) AS gone
      WHERE target."Id" = gone."Id";
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", "op")
      SELECT "Id", "op"
      FROM changed_rows ORDER BY "Id";
    "#);
}

#[test]
fn mirror_without_changes_only_deletes() {
    let rows = Rows { deleted: Some(&DELETED), ..Rows::default() };
    assert_snapshot!(show(&statements(&set(Mode::Mirror), &rows)), @r#"
    DELETE
      FROM pg2duck_lake."temp"."or""der.csv" AS target USING (SELECT "Id"
      FROM deleted_keys) AS gone
      WHERE target."Id" = gone."Id";
    "#);
    assert!(statements(&set(Mode::Mirror), &Rows::default()).is_empty());
}

#[test]
fn soft_delete_marks_and_upserts() {
    assert_snapshot!(shown(Mode::SoftDelete), @r#"
    UPDATE pg2duck_lake."temp"."or""der.csv" AS target SET _deleted_at = TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', _op = 'd'
      FROM deleted_keys AS deleted
      WHERE target."Id" = deleted."Id" AND target._deleted_at IS NULL;
    CREATE OR REPLACE TEMP TABLE temp.main.pg2duck_versions AS
      SELECT changed."Id", changed."op", CASE WHEN latest."Id" IS NOT NULL THEN 'u' ELSE 'c' END AS _pg2duck_op
      FROM changed_rows AS changed
      LEFT JOIN (SELECT *
      FROM pg2duck_lake."temp"."or""der.csv"
      WHERE _deleted_at IS NULL) AS latest ON latest."Id" = changed."Id"
      WHERE NOT coalesce(latest."Id" IS NOT NULL AND changed."Id" IS NOT DISTINCT
      FROM latest."Id" AND changed."op" IS NOT DISTINCT
      FROM latest."op", false);
    DELETE
      FROM pg2duck_lake."temp"."or""der.csv" AS target USING temp.main.pg2duck_versions AS gone
      WHERE target."Id" = gone."Id";
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", "op", _op)
      SELECT "Id", "op", _pg2duck_op
      FROM temp.main.pg2duck_versions ORDER BY "Id";
    DROP TABLE temp.main.pg2duck_versions;
    "#);
}

#[test]
fn history_closes_what_changed_and_begins_what_differs() {
    assert_snapshot!(shown(Mode::History), @r#"
    INSERT INTO pg2duck_lake."temp"."or""der.csv" BY NAME
      SELECT target.* REPLACE (TIMESTAMPTZ '2026-11-26 12:00:00.000000+00' AS _valid_from, TIMESTAMPTZ '2026-11-26 12:00:00.000000+00' AS _valid_to, false AS _is_current, 'd' AS _op)
      FROM pg2duck_lake."temp"."or""der.csv" AS target, deleted_keys AS deleted
      WHERE target."Id" = deleted."Id" AND target._is_current;
    UPDATE pg2duck_lake."temp"."or""der.csv" AS target SET _valid_to = TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', _is_current = false
      FROM deleted_keys AS gone
      WHERE target."Id" = gone."Id" AND target._is_current;
    CREATE OR REPLACE TEMP TABLE temp.main.pg2duck_versions AS
      SELECT changed."Id", changed."op", CASE WHEN latest."Id" IS NOT NULL AND true THEN 'u' ELSE 'c' END AS _pg2duck_op, NULL::JSON AS _pg2duck_before
      FROM changed_rows AS changed
      LEFT JOIN (SELECT *
      FROM pg2duck_lake."temp"."or""der.csv"
      WHERE _is_current) AS latest ON latest."Id" = changed."Id"
      WHERE NOT coalesce(latest."Id" IS NOT NULL AND true AND changed."Id" IS NOT DISTINCT
      FROM latest."Id" AND changed."op" IS NOT DISTINCT
      FROM latest."op", false);
    UPDATE pg2duck_lake."temp"."or""der.csv" AS target SET _valid_to = TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', _is_current = false
      FROM temp.main.pg2duck_versions AS gone
      WHERE target."Id" = gone."Id" AND target._is_current;
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", "op", _valid_from, _valid_to, _is_current, _op)
      SELECT "Id", "op", TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', NULL, true, _pg2duck_op
      FROM temp.main.pg2duck_versions;
    DROP TABLE temp.main.pg2duck_versions;
    "#);
}

#[test]
fn history_takes_in_recorded_versions_first() {
    assert_snapshot!(shown_versions(Mode::History), @r#"
    CREATE OR REPLACE TEMP TABLE temp.main.pg2duck_versions AS
      SELECT "Id", "op", _pg2duck_op, _pg2duck_began, lead(_pg2duck_began) OVER by_key AS _pg2duck_ended, row_number() OVER by_key = 1 AS _pg2duck_is_first
      FROM (SELECT *, least(TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', greatest((SELECT as_of + INTERVAL 1 MICROSECOND
      FROM pg2duck_lake._pg2duck.sync
      WHERE source_schema = 'public' AND source_table = 'it''s'), max(_pg2duck_at) OVER (PARTITION BY "Id" ORDER BY _pg2duck_seq ROWS UNBOUNDED PRECEDING))) AS _pg2duck_began
      FROM (SELECT *, false AS _pg2duck_untold
      FROM versions UNION ALL BY NAME
      SELECT * EXCLUDE (_pg2duck_next_op, _pg2duck_next_at, _pg2duck_next_seq) REPLACE ('d' AS _pg2duck_op, _pg2duck_next_at AS _pg2duck_at, _pg2duck_next_seq AS _pg2duck_seq), true AS _pg2duck_untold
      FROM (SELECT *, lead(_pg2duck_op) OVER by_key AS _pg2duck_next_op, lead(_pg2duck_at) OVER by_key AS _pg2duck_next_at, lead(_pg2duck_seq) OVER by_key AS _pg2duck_next_seq
      FROM versions WINDOW by_key AS (PARTITION BY "Id" ORDER BY _pg2duck_seq))
      WHERE _pg2duck_op <> 'd' AND _pg2duck_next_op = 'c')) WINDOW by_key AS (PARTITION BY "Id" ORDER BY _pg2duck_seq, NOT _pg2duck_untold);
    INSERT INTO pg2duck_lake."temp"."or""der.csv" BY NAME
      SELECT target.* REPLACE (first._pg2duck_began AS _valid_from, first._pg2duck_began AS _valid_to, false AS _is_current, 'd' AS _op)
      FROM pg2duck_lake."temp"."or""der.csv" AS target, temp.main.pg2duck_versions AS first
      WHERE first._pg2duck_is_first AND first._pg2duck_op = 'c' AND target."Id" = first."Id" AND target._is_current;
    UPDATE pg2duck_lake."temp"."or""der.csv" AS target SET _valid_to = first._pg2duck_began, _is_current = false
      FROM temp.main.pg2duck_versions AS first
      WHERE first._pg2duck_is_first AND target."Id" = first."Id" AND target._is_current;
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", "op", _valid_from, _valid_to, _is_current, _op)
      SELECT "Id", "op", _pg2duck_began, CASE _pg2duck_op WHEN 'd' THEN _pg2duck_began ELSE _pg2duck_ended END, _pg2duck_ended IS NULL AND _pg2duck_op <> 'd', _pg2duck_op
      FROM temp.main.pg2duck_versions;
    DROP TABLE temp.main.pg2duck_versions;
    "#);
}

#[test]
fn append_adds_what_differs_from_the_latest() {
    assert_snapshot!(shown(Mode::Append), @r#"
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", _synced_at, _op, _seq)
      SELECT "Id", TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', 'd', coalesce((SELECT max(_seq)
      FROM pg2duck_lake."temp"."or""der.csv"), 0) + row_number() OVER (ORDER BY "Id")
      FROM (SELECT *
      FROM pg2duck_lake."temp"."or""der.csv" AS target SEMI JOIN deleted_keys AS of_these ON target."Id" = of_these."Id" QUALIFY row_number() OVER (PARTITION BY "Id" ORDER BY _seq DESC) = 1) AS latest
      WHERE _op <> 'd';
    CREATE OR REPLACE TEMP TABLE temp.main.pg2duck_versions AS
      SELECT changed."Id", changed."op", CASE WHEN latest."Id" IS NOT NULL AND latest._op <> 'd' THEN 'u' ELSE 'c' END AS _pg2duck_op, NULL::JSON AS _pg2duck_before
      FROM changed_rows AS changed
      LEFT JOIN (SELECT *
      FROM pg2duck_lake."temp"."or""der.csv" AS target SEMI JOIN changed_rows AS of_these ON target."Id" = of_these."Id" QUALIFY row_number() OVER (PARTITION BY "Id" ORDER BY _seq DESC) = 1) AS latest ON latest."Id" = changed."Id"
      WHERE NOT coalesce(latest."Id" IS NOT NULL AND latest._op <> 'd' AND changed."Id" IS NOT DISTINCT
      FROM latest."Id" AND changed."op" IS NOT DISTINCT
      FROM latest."op", false);
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", "op", _synced_at, _op, _before, _seq)
      SELECT "Id", "op", TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', _pg2duck_op, _pg2duck_before, coalesce((SELECT max(_seq)
      FROM pg2duck_lake."temp"."or""der.csv"), 0) + row_number() OVER (ORDER BY "Id")
      FROM temp.main.pg2duck_versions;
    DROP TABLE temp.main.pg2duck_versions;
    "#);
}

#[test]
fn a_full_read_that_is_appended_needs_no_statement_of_its_own() {
    assert!(shown(Mode::FullAppend).is_empty());
}

#[test]
fn a_bootstrap_under_way_is_brought_to_the_cycle_as_a_mirror_is() {
    let rows = Rows { deleted: Some(&DELETED), changed: Some(&CHANGED) };
    let staging = Sql::fixed("staging");
    assert_snapshot!(show(&replace(&staging, &set(Mode::History), &rows)), @r#"
    DELETE
      FROM staging AS target USING (SELECT "Id"
      FROM deleted_keys UNION ALL
      SELECT "Id"
      FROM changed_rows) AS gone
      WHERE target."Id" = gone."Id";
    INSERT INTO staging ("Id", "op")
      SELECT "Id", "op"
      FROM changed_rows ORDER BY "Id";
    "#);
}

#[test]
fn recorded_versions_are_appended_in_order_and_last_states_are_kept() {
    assert_snapshot!(shown_versions(Mode::Append), @r#"
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", _synced_at, _op, _seq)
      SELECT "Id", TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', 'd', coalesce((SELECT max(_seq)
      FROM pg2duck_lake."temp"."or""der.csv"), 0) + row_number() OVER (ORDER BY "Id")
      FROM (SELECT *
      FROM pg2duck_lake."temp"."or""der.csv" AS target SEMI JOIN (FROM versions QUALIFY row_number() OVER (PARTITION BY "Id" ORDER BY _pg2duck_seq) = 1 AND _pg2duck_op = 'c') AS of_these ON target."Id" = of_these."Id" QUALIFY row_number() OVER (PARTITION BY "Id" ORDER BY _seq DESC) = 1) AS latest
      WHERE _op <> 'd';
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", "op", _synced_at, _op, _before, _changed_at, _seq, _xid)
      SELECT "Id", CASE WHEN _pg2duck_op <> 'd' THEN "op" END, TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', _pg2duck_op, CASE WHEN NOT _pg2duck_untold THEN _pg2duck_before END, CASE WHEN NOT _pg2duck_untold THEN _pg2duck_at END, coalesce((SELECT max(_seq)
      FROM pg2duck_lake."temp"."or""der.csv"), 0) + row_number() OVER (ORDER BY _pg2duck_seq, NOT _pg2duck_untold), CASE WHEN NOT _pg2duck_untold THEN _pg2duck_xid END
      FROM (SELECT *, false AS _pg2duck_untold
      FROM versions UNION ALL BY NAME
      SELECT * EXCLUDE (_pg2duck_next_op, _pg2duck_next_at, _pg2duck_next_seq) REPLACE ('d' AS _pg2duck_op, _pg2duck_next_at AS _pg2duck_at, _pg2duck_next_seq AS _pg2duck_seq), true AS _pg2duck_untold
      FROM (SELECT *, lead(_pg2duck_op) OVER by_key AS _pg2duck_next_op, lead(_pg2duck_at) OVER by_key AS _pg2duck_next_at, lead(_pg2duck_seq) OVER by_key AS _pg2duck_next_seq
      FROM versions WINDOW by_key AS (PARTITION BY "Id" ORDER BY _pg2duck_seq))
      WHERE _pg2duck_op <> 'd' AND _pg2duck_next_op = 'c') ORDER BY _pg2duck_seq, NOT _pg2duck_untold;
    "#);
    assert_snapshot!(shown_versions(Mode::SoftDelete), @r#"
    DELETE
      FROM pg2duck_lake."temp"."or""der.csv" AS target USING (FROM versions
      WHERE _pg2duck_op = 'd' QUALIFY row_number() OVER (PARTITION BY "Id" ORDER BY _pg2duck_seq DESC) = 1) AS gone
      WHERE target."Id" = gone."Id";
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", "op", _deleted_at, _op)
      SELECT "Id", "op", TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', 'd'
      FROM (FROM versions
      WHERE _pg2duck_op = 'd' QUALIFY row_number() OVER (PARTITION BY "Id" ORDER BY _pg2duck_seq DESC) = 1) ORDER BY "Id";
    "#);
    assert!(shown_versions(Mode::Mirror).is_empty());
}

#[test]
fn a_copy_is_compared_by_what_tells_the_rows_apart() {
    let pair = Pair { lake: "Id__1".into(), cast: Some(Sql::fixed("BIGINT")), beside: "Id".into() };
    assert_snapshot!(shown_fold(Mode::History, &Known::Rows(Matching(vec![pair]))), @r#"
    CREATE OR REPLACE TEMP TABLE temp.main.pg2duck_gone AS
      SELECT DISTINCT "Id__1"
      FROM pg2duck_lake."temp"."or""der.csv" AS target ANTI JOIN copy AS copy ON target."Id__1"::BIGINT = copy."Id"
      WHERE _is_current;
    INSERT INTO pg2duck_lake."temp"."or""der.csv" BY NAME
      SELECT target.* REPLACE (TIMESTAMPTZ '2026-11-26 12:00:00.000000+00' AS _valid_from, TIMESTAMPTZ '2026-11-26 12:00:00.000000+00' AS _valid_to, false AS _is_current, 'd' AS _op)
      FROM pg2duck_lake."temp"."or""der.csv" AS target, temp.main.pg2duck_gone AS deleted
      WHERE target."Id__1" = deleted."Id__1" AND target._is_current;
    UPDATE pg2duck_lake."temp"."or""der.csv" AS target SET _valid_to = TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', _is_current = false
      FROM temp.main.pg2duck_gone AS gone
      WHERE target."Id__1" = gone."Id__1" AND target._is_current;
    DROP TABLE temp.main.pg2duck_gone;
    CREATE OR REPLACE TEMP TABLE temp.main.pg2duck_versions AS
      SELECT changed."Id", changed."op", 'r' AS _pg2duck_op, CASE WHEN latest."Id__1" IS NOT NULL AND true THEN json_object('Id', latest."Id", 'op', latest."op") END AS _pg2duck_before
      FROM copy AS changed
      LEFT JOIN (SELECT *
      FROM pg2duck_lake."temp"."or""der.csv"
      WHERE _is_current) AS latest ON latest."Id__1"::BIGINT = changed."Id"
      WHERE NOT coalesce(latest."Id__1" IS NOT NULL AND true AND changed."Id" IS NOT DISTINCT
      FROM latest."Id" AND changed."op" IS NOT DISTINCT
      FROM latest."op" AND latest."code__2" IS NULL, false);
    UPDATE pg2duck_lake."temp"."or""der.csv" AS target SET _valid_to = TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', _is_current = false
      FROM temp.main.pg2duck_versions AS gone
      WHERE target."Id__1"::BIGINT = gone."Id" AND target._is_current;
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", "op", _valid_from, _valid_to, _is_current, _op)
      SELECT "Id", "op", TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', NULL, true, _pg2duck_op
      FROM temp.main.pg2duck_versions;
    DROP TABLE temp.main.pg2duck_versions;
    "#);
    assert_snapshot!(shown_fold(Mode::Append, &Known::Rows(Matching::by(&["Id".to_owned()]))), @r#"
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", _synced_at, _op, _seq)
      SELECT "Id", TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', 'd', coalesce((SELECT max(_seq)
      FROM pg2duck_lake."temp"."or""der.csv"), 0) + row_number() OVER (ORDER BY "Id")
      FROM (FROM (SELECT *
      FROM pg2duck_lake."temp"."or""der.csv" AS target QUALIFY row_number() OVER (PARTITION BY "Id" ORDER BY _seq DESC) = 1) AS target ANTI JOIN copy AS copy ON target."Id" = copy."Id") AS latest
      WHERE _op <> 'd';
    CREATE OR REPLACE TEMP TABLE temp.main.pg2duck_versions AS
      SELECT changed."Id", changed."op", 'r' AS _pg2duck_op, CASE WHEN latest."Id" IS NOT NULL AND latest._op <> 'd' THEN json_object('Id', latest."Id", 'op', latest."op") END AS _pg2duck_before
      FROM copy AS changed
      LEFT JOIN (SELECT *
      FROM pg2duck_lake."temp"."or""der.csv" AS target SEMI JOIN copy AS of_these ON target."Id" = of_these."Id" QUALIFY row_number() OVER (PARTITION BY "Id" ORDER BY _seq DESC) = 1) AS latest ON latest."Id" = changed."Id"
      WHERE NOT coalesce(latest."Id" IS NOT NULL AND latest._op <> 'd' AND changed."Id" IS NOT DISTINCT
      FROM latest."Id" AND changed."op" IS NOT DISTINCT
      FROM latest."op" AND latest."code__2" IS NULL, false);
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", "op", _synced_at, _op, _before, _seq)
      SELECT "Id", "op", TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', _pg2duck_op, _pg2duck_before, coalesce((SELECT max(_seq)
      FROM pg2duck_lake."temp"."or""der.csv"), 0) + row_number() OVER (ORDER BY "Id")
      FROM temp.main.pg2duck_versions;
    DROP TABLE temp.main.pg2duck_versions;
    "#);
}

#[test]
fn where_nothing_tells_rows_apart_all_end_and_begin() {
    assert_snapshot!(shown_fold(Mode::History, &Known::FormerKey { key: vec!["old".into()], gone: None }), @r#"
    UPDATE pg2duck_lake."temp"."or""der.csv" SET _valid_to = TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', _is_current = false
      WHERE _is_current;
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", "op", _valid_from, _valid_to, _is_current, _op)
      SELECT "Id", "op", TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', NULL, true, 'r'
      FROM copy;
    "#);
    assert_snapshot!(shown_fold(Mode::Append, &Known::FormerKey { key: vec!["old".into()], gone: None }), @r#"
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("old", _synced_at, _op, _seq)
      SELECT "old", TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', 'd', coalesce((SELECT max(_seq)
      FROM pg2duck_lake."temp"."or""der.csv"), 0) + row_number() OVER (ORDER BY "old")
      FROM (SELECT *
      FROM pg2duck_lake."temp"."or""der.csv" AS target QUALIFY row_number() OVER (PARTITION BY "old" ORDER BY _seq DESC) = 1) AS latest
      WHERE _op <> 'd';
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", _synced_at, _op, _seq)
      SELECT "Id", TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', 'd', coalesce((SELECT max(_seq)
      FROM pg2duck_lake."temp"."or""der.csv"), 0) + row_number() OVER (ORDER BY "Id")
      FROM (SELECT *
      FROM pg2duck_lake."temp"."or""der.csv" AS target QUALIFY row_number() OVER (PARTITION BY "Id" ORDER BY _seq DESC) = 1) AS latest
      WHERE _op <> 'd';
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", "op", _synced_at, _op, _seq)
      SELECT "Id", "op", TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', 'r', coalesce((SELECT max(_seq)
      FROM pg2duck_lake."temp"."or""der.csv"), 0) + row_number() OVER (ORDER BY "Id")
      FROM copy;
    "#);
    assert_snapshot!(shown_fold(Mode::FullAppend, &Known::Nothing), @r#"
    INSERT INTO pg2duck_lake."temp"."or""der.csv" ("Id", "op", _synced_at, _op)
      SELECT "Id", "op", TIMESTAMPTZ '2026-11-26 12:00:00.000000+00', 'r'
      FROM copy;
    "#);
}
