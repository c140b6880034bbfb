//! UNLOGGED tables, which recovery from a crash empties: no trigger fires, no transaction tells so, the files are called as before.

use crate::support::{Comparison, ROLE, Sandbox, Server};

const TABLES: &str = "
    CREATE UNLOGGED TABLE u (id int PRIMARY KEY, v text); INSERT INTO u SELECT g, 'v' FROM generate_series(1, 5000) g;
    CREATE UNLOGGED TABLE h (id int PRIMARY KEY, v text); INSERT INTO h SELECT g, 'v' FROM generate_series(1, 100) g;
    CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
    CREATE UNLOGGED TABLE p1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
    CREATE TABLE p2 PARTITION OF parts FOR VALUES FROM (100) TO (200);
    INSERT INTO parts SELECT g, 'v' FROM generate_series(1, 199) g;
    CREATE TABLE logged (id int PRIMARY KEY, v text); INSERT INTO logged SELECT g, 'v' FROM generate_series(1, 100) g;
    CHECKPOINT";

fn compare(sandbox: &Sandbox, server: &Server) {
    for table in ["u", "parts", "logged"] {
        Comparison::new(server.session(), sandbox.lake_path(), "public", table).check();
    }
    let alive = sandbox.lake_value("SELECT count(*)::VARCHAR FROM h WHERE _is_current");
    assert_eq!(alive, server.session().value("SELECT count(*) FROM h"));
}

fn followed_through_crashes(audit: Option<&str>) {
    let mut server = Server::start();
    TABLES.split_inclusive(';').for_each(|statement| server.session().execute(statement));
    let sandbox = Sandbox::new("").with("DATABASE_URL", server.url()).with("SYNC_TABLE_H_MODE", "history");
    if let Some(audit) = audit {
        let url = format!("postgres://postgres:postgres@127.0.0.1:{}/postgres", server.port);
        let setup = sandbox.beside().with("SETUP_DATABASE_URL", url).call(&["setup", "--audit", audit, "--role", ROLE]);
        assert_eq!(setup.code, Some(0), "{}", setup.stderr);
    }
    sandbox.once();
    compare(&sandbox, &server);
    // In order, nothing is lost and nothing copied again.
    server.stop();
    server.resume();
    assert!(!sandbox.once().stderr.contains("bootstrapped again"));
    for insert in
        ["", "INSERT INTO u VALUES (1, 'after'); INSERT INTO p1 VALUES (7, 'after'); INSERT INTO h VALUES (1, 'after')"]
    {
        server.shell(&format!("$as {}/pg_ctl -D {}/data -m immediate -w stop", server.programs, server.folder));
        server.resume();
        if !insert.is_empty() {
            server.session().execute(insert);
        }
        let finished = sandbox.once();
        for table in ["u", "h", "parts"] {
            let told = format!("bootstrapped again table=public.{table}\n");
            assert!(finished.stderr.contains(&told), "{table}: {}", finished.stderr);
        }
        assert!(!finished.stderr.contains("public.logged"), "{}", finished.stderr);
        compare(&sandbox, &server);
    }
    assert!(!sandbox.once().stderr.contains("bootstrapped again"));
}

#[test]
fn a_crash_that_empties_unlogged_tables_is_noticed_by_comparison() {
    followed_through_crashes(None);
}

#[test]
fn a_crash_that_empties_unlogged_tables_is_noticed_with_triggers() {
    followed_through_crashes(Some("keys"));
    followed_through_crashes(Some("full"));
}
