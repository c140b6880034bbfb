//! The source of the hostile workload: a table per mode, and a log of every row version that was ever committed, written by
//! plain row triggers that have nothing to do with those of pg2duck.

use crate::support::{Sandbox, Session};
use std::collections::BTreeMap;

/// Modes by name; the table of each is `as_<mode>`.
pub const MODES: [&str; 5] = ["mirror", "soft_delete", "history", "append", "full"];
/// Rows `0..ROWS` are there when it begins.
pub const ROWS: u64 = 1500;

/// How pg2duck learns of deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletes {
    Keys,
    Versions,
    Diff,
}

const LOG: &str = "
    CREATE SEQUENCE ids START 10000;
    CREATE SCHEMA test;
    CREATE TABLE test.log (seq bigserial PRIMARY KEY, source text, op text, key bigint, n bigint,
                           xid xid8 DEFAULT pg_current_xact_id());
    CREATE INDEX ON test.log (source, key, seq);
    CREATE INDEX ON test.log (source, seq) WHERE op = 't';

    CREATE FUNCTION test.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
    CREATE FUNCTION test.record() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            INSERT INTO test.log (source, op) VALUES (TG_TABLE_NAME, 't');
        ELSIF TG_OP = 'UPDATE' AND OLD.id = NEW.id THEN
            INSERT INTO test.log (source, op, key, n) VALUES (TG_TABLE_NAME, 'u', NEW.id, NEW.n);
        ELSE
            IF TG_OP <> 'INSERT' THEN
                INSERT INTO test.log (source, op, key, n) VALUES (TG_TABLE_NAME, 'd', OLD.id, OLD.n);
            END IF;
            IF TG_OP <> 'DELETE' THEN
                INSERT INTO test.log (source, op, key, n) VALUES (TG_TABLE_NAME, 'c', NEW.id, NEW.n);
            END IF;
        END IF;
        RETURN NULL; END $$;";

/// A table, with a cursor column or without one.
fn table(name: &str, has_cursor: bool) -> String {
    let (column, touch) = if has_cursor {
        (
            ", updated_at timestamptz NOT NULL DEFAULT now()",
            format!(
                "CREATE INDEX ON {name} (updated_at);
                 CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON {name} FOR EACH ROW EXECUTE FUNCTION test.touch();"
            ),
        )
    } else {
        ("", String::new())
    };
    // Padded: a table of few pages is read whole at every poll, which would hide a hole in the fence.
    format!(
        "CREATE TABLE {name} (id bigint PRIMARY KEY, n bigint NOT NULL, pad text DEFAULT repeat('x', 80){column});
         INSERT INTO {name} (id, n) SELECT g, g FROM generate_series(0, {ROWS} - 1) g;
         INSERT INTO test.log (source, op, key, n) SELECT '{name}', 'r', id, n FROM {name};
         {touch}
         CREATE TRIGGER record AFTER INSERT OR UPDATE OR DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION test.record();
         CREATE TRIGGER record_all AFTER TRUNCATE ON {name} FOR EACH STATEMENT EXECUTE FUNCTION test.record();
         ANALYZE {name};"
    )
}

/// The tables of these modes in a database of their own, prepared for this way; which have a cursor column is up to the seed.
pub fn sandbox(deletes: Deletes, modes: &[&str], seed: u64) -> Sandbox {
    let numbered = modes.iter().zip(seed..);
    let tables = numbered.map(|(mode, number)| table(&format!("as_{mode}"), !number.is_multiple_of(3)));
    let sql = tables.fold(LOG.to_owned(), |sql, table| sql + &table);
    let mut sandbox = Sandbox::new(&sql)
        .with("SYNC_TABLES", "public.*")
        .with("LISTEN", "true")
        .with("CURSOR_OVERLAP", "1s")
        .with("SWEEP_INTERVAL", "365d")
        .with("BATCH_SIZE", 200);
    for mode in modes {
        sandbox.set(&format!("SYNC_TABLE_AS_{}_MODE", mode.to_uppercase()), mode);
    }
    let url = format!("postgres://postgres:postgres@127.0.0.1:{}/{}", sandbox.cluster.port, sandbox.database);
    sandbox.set("SETUP_DATABASE_URL", url);
    // Without --no-notify: a transaction that notified cannot be prepared.
    let flags: &[&str] = match deletes {
        Deletes::Keys => &["setup", "--no-notify"],
        Deletes::Versions => &["setup", "--no-notify", "--audit", "full"],
        Deletes::Diff => {
            sandbox.set("DIFF_INTERVAL", "0s");
            sandbox.set("DELETE_BRAKE", "100%");
            return sandbox;
        }
    };
    let setup = sandbox.call(flags);
    assert_eq!(setup.code, Some(0), "{}", setup.stderr);
    sandbox
}

/// The rows that a table held at a snapshot, by key.
pub fn rows_at(session: &mut Session, table: &str, snapshot: &str) -> BTreeMap<i64, i64> {
    let seen = format!("source = '{table}' AND pg_visible_in_snapshot(xid, '{snapshot}')");
    let rows = session.rows(&format!(
        "SELECT key, n FROM (SELECT DISTINCT ON (key) * FROM test.log WHERE key IS NOT NULL AND {seen}
             ORDER BY key, seq DESC) latest
         WHERE op <> 'd' AND seq > coalesce((SELECT max(seq) FROM test.log WHERE op = 't' AND {seen}), 0)"
    ));
    rows.into_iter().map(|row| (number(&row[0]), number(&row[1]))).collect()
}

/// Every version of every key, in the order of writing: `(op, n)`.
pub fn versions(session: &mut Session, table: &str) -> BTreeMap<i64, Vec<(String, i64)>> {
    let rows = session
        .rows(&format!("SELECT key, op, n FROM test.log WHERE source = '{table}' AND key IS NOT NULL ORDER BY seq"));
    let mut versions: BTreeMap<i64, Vec<(String, i64)>> = BTreeMap::new();
    for row in rows {
        versions.entry(number(&row[0])).or_default().push((row[1].clone().expect("an op"), number(&row[2])));
    }
    versions
}

/// Forgets what this snapshot sees replaced: it is replaced in every later one.
pub fn prune(session: &mut Session, table: &str, snapshot: &str) {
    session.execute(&format!(
        "DELETE FROM test.log old WHERE source = '{table}' AND EXISTS (SELECT FROM test.log new
           WHERE new.source = old.source AND new.key = old.key AND new.seq > old.seq
             AND pg_visible_in_snapshot(new.xid, '{snapshot}'))"
    ));
}

pub fn number(text: &Option<String>) -> i64 {
    text.as_deref().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{text:?} is no number"))
}
