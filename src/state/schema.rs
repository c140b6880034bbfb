//! The SQLite file: how it is opened and its migrations, numbered by `user_version`.

use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Inside the state folder.
pub const FILE: &str = "checkpoints.db";

/// Each step brings `user_version` from its index to the next; never edit one that was released.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE source (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL) STRICT;
    CREATE TABLE tables (schema TEXT, name TEXT, body TEXT NOT NULL, PRIMARY KEY (schema, name)) STRICT;
    CREATE TABLE pending (
        cycle TEXT, schema TEXT, name TEXT, has_work INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (cycle, schema, name)) STRICT;
    CREATE TABLE archive (
        path TEXT PRIMARY KEY, schema TEXT NOT NULL, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;
    CREATE TABLE requests (schema TEXT, name TEXT, PRIMARY KEY (schema, name)) STRICT;
",
    "
    -- The type table of before is no longer understood: every table is copied afresh.
    DELETE FROM tables; DELETE FROM pending;
",
    "
    CREATE INDEX archive_applied_at ON archive (applied_at);
    CREATE TABLE settled (id INTEGER PRIMARY KEY CHECK (id = 1), valid INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
    -- Whatever else changes here, whoever changes it: what was settled is not any more.
    CREATE TRIGGER tables_i AFTER INSERT ON tables BEGIN UPDATE settled SET valid = 0; END;
    CREATE TRIGGER tables_u AFTER UPDATE ON tables BEGIN UPDATE settled SET valid = 0; END;
    CREATE TRIGGER tables_d AFTER DELETE ON tables BEGIN UPDATE settled SET valid = 0; END;
    CREATE TRIGGER pending_i AFTER INSERT ON pending BEGIN UPDATE settled SET valid = 0; END;
    CREATE TRIGGER pending_u AFTER UPDATE ON pending BEGIN UPDATE settled SET valid = 0; END;
    CREATE TRIGGER pending_d AFTER DELETE ON pending BEGIN UPDATE settled SET valid = 0; END;
    CREATE TRIGGER source_i AFTER INSERT ON source BEGIN UPDATE settled SET valid = 0; END;
    CREATE TRIGGER source_u AFTER UPDATE ON source BEGIN UPDATE settled SET valid = 0; END;
    CREATE TRIGGER source_d AFTER DELETE ON source BEGIN UPDATE settled SET valid = 0; END;
    CREATE TRIGGER requests_i AFTER INSERT ON requests BEGIN UPDATE settled SET valid = 0; END;
    CREATE TRIGGER requests_u AFTER UPDATE ON requests BEGIN UPDATE settled SET valid = 0; END;
    CREATE TRIGGER requests_d AFTER DELETE ON requests BEGIN UPDATE settled SET valid = 0; END;
",
    // Positions are one value; a bootstrap's files stand beside its record. What waited is read again from where the table stands,
    // and a bootstrap under way begins again.
    "
    CREATE TABLE bootstrap_files (
        schema TEXT, name TEXT, number INTEGER, body TEXT NOT NULL, PRIMARY KEY (schema, name, number)) STRICT;
    CREATE INDEX archive_table ON archive (schema, name, path);
    DELETE FROM pending;
    ALTER TABLE pending ADD COLUMN batches INTEGER NOT NULL DEFAULT 0;
    UPDATE tables SET body = json_set(
        json_remove(body, '$.cursor', '$.swept', '$.audit', '$.as_of', '$.snapshot', '$.layout', '$.diff', '$.copy_reason',
                    '$.bootstrap'),
        '$.schema', json(body -> '$.layout'),
        '$.position', json(CASE WHEN body ->> '$.cursor' IS NOT NULL AND body ->> '$.as_of' IS NOT NULL
                                     AND body ->> '$.snapshot' IS NOT NULL
            THEN json_object('fence', json(body -> '$.cursor'), 'snapshot', body ->> '$.snapshot', 'as_of', body ->> '$.as_of',
                             'full_scan', json(body -> '$.swept'), 'audit', body ->> '$.audit') END),
        '$.comparison', json(CASE WHEN body ->> '$.diff' IS NOT NULL
            THEN json_object('begun', body ->> '$.diff.begun', 'next_key', body ->> '$.diff.position') END),
        '$.bootstrap_reason', json(CASE WHEN body ->> '$.copy_reason' IS NULL THEN NULL
            WHEN body ->> '$.copy_reason' = 'resync was asked for' THEN '\"resync\"'
            ELSE json_object('because', body ->> '$.copy_reason') END));
",
    // What is asked for is not only to bootstrap a table again.
    "
    CREATE TABLE asked (schema TEXT, name TEXT, what TEXT NOT NULL, PRIMARY KEY (schema, name, what)) STRICT;
    INSERT INTO asked SELECT schema, name, 'resync' FROM requests;
    DROP TABLE requests;
    ALTER TABLE asked RENAME TO requests;
    CREATE TRIGGER requests_i AFTER INSERT ON requests BEGIN UPDATE settled SET valid = 0; END;
    CREATE TRIGGER requests_u AFTER UPDATE ON requests BEGIN UPDATE settled SET valid = 0; END;
    CREATE TRIGGER requests_d AFTER DELETE ON requests BEGIN UPDATE settled SET valid = 0; END;
",
];

/// The version that this program writes.
pub const CURRENT: u32 = MIGRATIONS.len() as u32;

/// Opens for writing and migrates.
pub fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open(path)?;
    db.busy_timeout(Duration::from_secs(5))?;
    // A lost last commit is repaired by the lake's own record, so NORMAL is enough.
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    migrate(&db)?;
    Ok(db)
}

fn migrate(db: &Connection) -> Result<(), rusqlite::Error> {
    migrate_to(db, MIGRATIONS.len())
}

/// A file as an earlier version would have made it.
#[cfg(test)]
pub fn open_at(path: &Path, version: usize) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open(path)?;
    migrate_to(&db, version).map(|()| db)
}

fn migrate_to(db: &Connection, wanted: usize) -> Result<(), rusqlite::Error> {
    let version = version(db)?;
    for (step, sql) in MIGRATIONS.iter().enumerate().take(wanted).skip(version as usize) {
        db.execute_batch(&format!("BEGIN; {sql} PRAGMA user_version = {}; COMMIT;", step + 1))?;
    }
    Ok(())
}

/// A copy in memory, brought to the current version.
pub fn migrated_copy(db: &Connection) -> Result<Connection, rusqlite::Error> {
    let mut copy = Connection::open_in_memory()?;
    rusqlite::backup::Backup::new(db, &mut copy)?.run_to_completion(1_000, Duration::ZERO, None)?;
    migrate(&copy)?;
    Ok(copy)
}

/// How many migrations the file has seen; 0 for one that is just being created.
pub fn version(db: &Connection) -> Result<u32, rusqlite::Error> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Opens for reading, beside a process that writes.
pub fn open_read_only(path: &Path) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(Duration::from_secs(5))?;
    Ok(db)
}
