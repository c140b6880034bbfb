//! Two databases in one lake: each has its own tables there, of whatever names; what the other brought is never touched.

use crate::support::Sandbox;
use duckdb::Connection;

const MODES: [&str; 5] = ["mirror", "soft_delete", "history", "append", "full"];

fn source(mode: &str, name: &str) -> Sandbox {
    let create = "CREATE TABLE t (id int PRIMARY KEY, v text, n numeric(4, 2)); INSERT INTO t VALUES (1, 'X', 'NaN'), (2, 'X', 1)";
    Sandbox::new(&create.replace('X', name))
        .with("SYNC_MODE", mode)
        .with("DUCKDB_TABLE", format!("{name}.{{table}}"))
        .with("DIFF_INTERVAL", "0s")
}

/// Two databases that have a table of the same name, and one lake, in two schemas of it.
fn pair(mode: &str) -> (Sandbox, Sandbox) {
    let first = source(mode, "s1");
    let second = source(mode, "s2").with("DUCKDB_PATH", first.lake_path().display());
    (first, second)
}

/// All that the lake tells of one source's tables.
fn told(lake: &Sandbox, schema: &str, table: &str) -> String {
    let of = format!("WHERE (lake_schema, lake_table) = ('{schema}', '{table}')");
    lake.lake_value(&format!(
        "SELECT concat_ws('; ', (SELECT string_agg(t::VARCHAR, ',' ORDER BY t::VARCHAR) FROM {schema}.{table} AS t), \
         (SELECT string_agg(concat_ws(' ', source_table, mode, rows, last_error, cycle, origin), ',' ORDER BY cycle) \
            FROM _pg2duck.sync {of} AND as_of IS NOT NULL), \
         (SELECT string_agg(c::VARCHAR, ',' ORDER BY c::VARCHAR) FROM _pg2duck.columns AS c {of}), \
         (SELECT string_agg(c::VARCHAR, ',' ORDER BY c::VARCHAR) FROM _pg2duck.batches AS c {of}), \
         (SELECT string_agg(c::VARCHAR, ',' ORDER BY c::VARCHAR) FROM _pg2duck.rejects AS c {of}))"
    ))
}

/// The rows of now, as the lake has them.
fn rows(lake: &Sandbox, mode: &str, name: &str, columns: &str) -> String {
    let current = match mode {
        "history" => format!("FROM {name}_current"),
        "soft_delete" => format!("FROM {name} WHERE _deleted_at IS NULL"),
        "append" => format!(
            "FROM (FROM {name} QUALIFY row_number() OVER (PARTITION BY id ORDER BY _seq DESC) = 1) WHERE _op <> 'd'"
        ),
        _ => format!("FROM {name}"),
    };
    lake.lake_value(&format!("SELECT string_agg(concat_ws(' ', {columns}), ', ' ORDER BY id) {current}"))
}

#[test]
fn tables_of_one_name_stand_side_by_side() {
    for mode in MODES {
        let (first, second) = pair(mode);
        first.once();
        let before = told(&first, "s1", "t");
        second.once();
        assert_eq!(told(&first, "s1", "t"), before, "{mode}");
        assert_eq!(rows(&first, mode, "s1.t", "id, v"), "1 s1, 2 s1", "{mode}");
        assert_eq!(rows(&first, mode, "s2.t", "id, v"), "1 s2, 2 s2", "{mode}");
        let rounds = [
            (3, "v", ""),
            (4, "w", "ALTER TABLE t RENAME v TO w;"),
            (5, "v", "ALTER TABLE t RENAME w TO v; ALTER TABLE t ADD m int;"),
        ];
        for (round, column, alter) in rounds {
            for (own, name, other) in [(&first, "s1", "s2"), (&second, "s2", "s1")] {
                let before = told(&first, other, "t");
                own.sql(&format!(
                    "{alter} INSERT INTO t VALUES ({round}, '{name}', 'NaN'); UPDATE t SET {column} = {column} || {round} WHERE id = 1"
                ));
                own.once();
                assert_eq!(told(&first, other, "t"), before, "{mode} {round} {name}");
            }
        }
        for (own, name, other) in [(&second, "s2", "s1"), (&first, "s1", "s2")] {
            let now = format!("1 {name}345, 2 {name}, 3 {name}, 4 {name}, 5 {name}");
            assert_eq!(rows(&first, mode, &format!("{name}.t"), "id, v"), now, "{mode}");
            let before = told(&first, other, "t");
            let rejects = format!("SELECT count(*)::VARCHAR FROM _pg2duck.rejects WHERE lake_schema = '{name}'");
            assert_eq!(first.lake_value(&rejects), "4", "{mode}");
            for arguments in [&["resync", "public.t"][..], &["purge", "public.t"]] {
                assert_eq!(own.call(arguments).code, Some(0), "{mode} {arguments:?}");
                assert_eq!(told(&first, other, "t"), before, "{mode} {arguments:?}");
                assert_eq!(rows(&first, mode, &format!("{name}.t"), "id, v"), now, "{mode} {arguments:?}");
            }
            std::fs::remove_dir_all(own.state_path()).unwrap();
            own.once();
            assert_eq!(told(&first, other, "t"), before, "{mode}, state lost");
            assert_eq!(rows(&first, mode, &format!("{name}.t"), "id, v"), now, "{mode}, state lost");
            own.sql("DROP TABLE t; CREATE TABLE elsewhere (id int PRIMARY KEY)");
            own.once();
            let ended =
                format!("SELECT last_error FROM _pg2duck.sync WHERE lake_schema = '{name}' AND lake_table = 't'");
            assert!(first.lake_value(&ended).contains("was dropped"), "{mode}");
            assert_eq!(told(&first, other, "t"), before, "{mode}, dropped");
        }
    }
}

#[test]
fn a_table_renamed_to_the_name_of_anothers_stays_its_own() {
    for mode in MODES {
        let (first, second) = pair(mode);
        second.sql("ALTER TABLE t RENAME TO u");
        first.once();
        second.once();
        let (before, mut table) = (told(&first, "s1", "t"), "u");
        for name in ["t", "r", "t", "u"] {
            second.sql(&format!(
                "ALTER TABLE {table} RENAME TO {name}; INSERT INTO {name} SELECT max(id) + 1, '{name}' FROM {name}"
            ));
            second.once();
            table = name;
            assert_eq!(told(&first, "s1", "t"), before, "{mode}, {name}");
            let ends = rows(&first, mode, &format!("s2.{name}"), "v");
            assert!(ends.ends_with(name), "{mode}, {name}: {ends}");
            let lines = "SELECT count(*)::VARCHAR FROM _pg2duck.sync WHERE lake_schema = 's2'";
            assert_eq!(first.lake_value(lines), "1", "{mode}, {name}");
        }
        first.sql("ALTER TABLE t RENAME TO u; UPDATE u SET v = 'first' WHERE id = 1");
        let before = told(&first, "s2", "u");
        first.once();
        assert_eq!(told(&first, "s2", "u"), before, "{mode}");
        assert_eq!(rows(&first, mode, "s1.u", "v"), "first, s1", "{mode}");
    }
}

/// One name in the lake is one database's, by whatever way the other comes to it.
#[test]
fn a_name_that_another_database_has_is_refused() {
    for mode in MODES {
        let (mut first, mut second) = pair(mode);
        second.sql("CREATE TABLE other (id int PRIMARY KEY, n numeric(4, 2)); INSERT INTO other VALUES (1, 'NaN')");
        first.set("DUCKDB_TABLE", "{table}");
        first.once();
        second.once();
        let before = told(&first, "main", "t");
        second.set("DUCKDB_TABLE", "{table}");
        for step in ["INSERT INTO t VALUES (7, 'x', 1)", "DELETE FROM t WHERE id = 2", "ALTER TABLE t ADD m int"] {
            second.sql(step);
            second.once_fails(
                1,
                &["lake table main.t holds public.t of another database", "DUCKDB_TABLE", "DUCKDB_PATH"],
            );
            for arguments in
                [&["resync", "public.t"][..], &["resync", "--drop-history", "public.t"], &["purge", "public.t"]]
            {
                second.call(arguments);
            }
            let lines = "SELECT string_agg(source_table || ' ' || (last_error IS NULL)::VARCHAR, ', ' ORDER BY source_table, lake_schema DESC) FROM _pg2duck.sync";
            assert_eq!(first.lake_value(lines), "other true, t false, t true", "{mode}, {step}");
            assert_eq!(rows(&first, mode, "main.t", "id, v"), "1 s1, 2 s1", "{mode}, {step}");
        }
        std::fs::remove_dir_all(second.state_path()).unwrap();
        second.once_fails(1, &["holds public.t of another database"]);
        second.sql("ALTER TABLE t RENAME TO away; ALTER TABLE other RENAME TO t");
        second.once_fails(1, &["holds public.t of another database"]);
        assert_eq!(told(&first, "main", "t"), before, "{mode}");
        first.sql("UPDATE t SET v = 'again'");
        first.once();
        assert_eq!(rows(&first, mode, "main.t", "id, v"), "1 again, 2 again", "{mode}");
        // Once the first has left it, the name is free.
        first.sql("DROP TABLE t; CREATE TABLE elsewhere (id int PRIMARY KEY)");
        first.once();
        second.once_fails(1, &["holds public.t of another database", "drop that lake table"]);
        Connection::open(first.lake_path()).unwrap().execute_batch("DROP TABLE main.t CASCADE").unwrap();
        second.once();
        assert_eq!(rows(&first, mode, "main.t", "id"), "1", "{mode}");
    }
}

/// What an earlier version left does not name the lake's table everywhere, nor, at first, whose a table is.
#[test]
fn a_lake_of_an_earlier_version_goes_on() {
    for mode in MODES {
        for knows_origin in [true, false] {
            let (first, second) = pair(mode);
            first.once();
            let lake = Connection::open(first.lake_path()).unwrap();
            for table in ["columns", "rejects", "batches"] {
                for column in ["lake_schema", "lake_table"] {
                    lake.execute_batch(&format!("ALTER TABLE _pg2duck.{table} DROP COLUMN {column}")).unwrap();
                }
            }
            lake.execute_batch("ALTER TABLE _pg2duck.staging DROP COLUMN origin").unwrap();
            if !knows_origin {
                lake.execute_batch("ALTER TABLE _pg2duck.sync DROP COLUMN origin").unwrap();
            }
            drop(lake);
            second.once();
            first.sql("UPDATE t SET v = 'on' WHERE id = 2; ALTER TABLE t RENAME COLUMN n TO m");
            first.once();
            let what = format!("{mode}, origin {knows_origin}");
            assert_eq!(rows(&first, mode, "s1.t", "id, v"), "1 s1, 2 on", "{what}");
            assert_eq!(rows(&first, mode, "s2.t", "id, v"), "1 s2, 2 s2", "{what}");
            let rejects =
                "SELECT string_agg(lake_schema || ' ' || column_name, ', ' ORDER BY lake_schema) FROM _pg2duck.rejects";
            assert_eq!(first.lake_value(rejects), "s1 m, s2 n", "{what}");
            let origins = "SELECT count(DISTINCT origin)::VARCHAR || count(*)::VARCHAR FROM _pg2duck.sync";
            assert_eq!(first.lake_value(origins), "22", "{what}");
        }
    }
}
