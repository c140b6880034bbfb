//! Settings of the source: how it is reached, what is synced, how changes and deletes are found.

use crate::config::per_table::{COLUMN, COLUMN_LIST, COLUMN_TYPES};
use crate::config::setting::{Form, Setting};
use crate::config::values::{LENGTH, SECRET, SHARE, SWITCH, text};
use crate::config::{Deletes, Secret, source};
use crate::model::{Audit, CharAs, Mode, NumericAs, ReadAs, RejectPolicy};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::path::PathBuf;
use std::time::Duration;

pub static DATABASE_URL: Setting<PgConnectOptions> = Setting::new(
    "DATABASE_URL",
    |raw| &raw.database_url,
    source::URL,
    "The database to follow. It can be given in parts instead: `POSTGRES_HOST` and those below.",
)
.secret(|raw| &raw.database_url_file)
.unset("needed, unless `POSTGRES_HOST` is set");

pub static POSTGRES_HOST: Setting<String> = Setting::new(
    "POSTGRES_HOST",
    |raw| &raw.postgres_host,
    text("a name, an address, or the folder of a socket"),
    "The server, in place of `DATABASE_URL`.",
);

pub static POSTGRES_PORT: Setting<u16> = Setting::new(
    "POSTGRES_PORT",
    |raw| &raw.postgres_port,
    Form::Whole(1..=65_535, |port| u16::try_from(port).ok()),
    "Its port; it counts with `POSTGRES_HOST` only.",
)
.default("5432");

pub static POSTGRES_DB: Setting<String> =
    Setting::new("POSTGRES_DB", |raw| &raw.postgres_db, text("a database"), "Its database.").default("analytics");

pub static POSTGRES_USER: Setting<String> = Setting::new(
    "POSTGRES_USER",
    |raw| &raw.postgres_user,
    text("a role"),
    "The role that syncs; it needs no more than SELECT.",
)
.default("analyst");

pub static POSTGRES_PASSWORD: Setting<Secret> =
    Setting::new("POSTGRES_PASSWORD", |raw| &raw.postgres_password, SECRET, "Its password.")
        .secret(|raw| &raw.postgres_password_file);

pub static POSTGRES_SSLMODE: Setting<PgSslMode> = Setting::new(
    "POSTGRES_SSLMODE",
    |raw| &raw.postgres_sslmode,
    Form::Like("disable, allow, prefer, require, verify-ca or verify-full", |mode| mode.parse().ok()),
    "Whether the connection is encrypted, and whose certificate is trusted, as for `psql`.",
)
.unset("what the URL says, else `PGSSLMODE`, else `prefer`");

pub static POSTGRES_SSLROOTCERT: Setting<PathBuf> = Setting::new(
    "POSTGRES_SSLROOTCERT",
    |raw| &raw.postgres_sslrootcert,
    source::CERTIFICATE,
    "Whom `verify-ca` and `verify-full` trust.",
)
.unset("the system's");

pub static SETUP_DATABASE_URL: Setting<PgConnectOptions> = Setting::new(
    "SETUP_DATABASE_URL",
    |raw| &raw.setup_database_url,
    source::URL,
    "The same database for `pg2duck setup`, by a role that may change it. No other command uses it.",
)
.secret(|raw| &raw.setup_database_url_file)
.unset("`DATABASE_URL`");

pub static PRIMARY_URL: Setting<PgConnectOptions> = Setting::new(
    "PRIMARY_URL",
    |raw| &raw.primary_url,
    source::URL,
    "Where the source is a standby: the same database on its primary, which knows the open transactions. It is asked once a cycle, and \
     polls read ranges of the cursor column then, instead of whole tables by `xmin`. Any role that may log in will do.",
)
.secret(|raw| &raw.primary_url_file)
.unset("nobody is asked");

pub static STATEMENT_TIMEOUT: Setting<Duration> = Setting::new(
    "STATEMENT_TIMEOUT",
    |raw| &raw.statement_timeout,
    LENGTH,
    "How long a statement in the source may take.",
)
.default("10min");

pub static LOCK_TIMEOUT: Setting<Duration> = Setting::new(
    "LOCK_TIMEOUT",
    |raw| &raw.lock_timeout,
    LENGTH,
    "How long a statement in the source waits for a lock.",
)
.default("5s");

pub static SYNC_TABLES: Setting<String> = Setting::new(
    "SYNC_TABLES",
    |raw| &raw.sync_tables,
    text(
        "table, schema.table or schema.*, each may be excluded with ! in front, as in \
         public.*,billing.invoices,!public.sessions",
    ),
    "The tables to sync. `*` stands for any characters; names with odd ones are put in double quotes.",
)
.unset("`POSTGRES_TABLE`");

pub static POSTGRES_SCHEMA: Setting<String> = Setting::new(
    "POSTGRES_SCHEMA",
    |raw| &raw.postgres_schema,
    text("a schema"),
    "The schema of tables that are named without one.",
)
.default("public");

pub static POSTGRES_TABLE: Setting<String> = Setting::new(
    "POSTGRES_TABLE",
    |raw| &raw.postgres_table,
    text("a table's name, taken literally"),
    "The one table to sync, where there is no `SYNC_TABLES`.",
)
.default("subscriptions");

pub static POSTGRES_PRIMARY_KEY: Setting<Vec<String>> = Setting::new(
    "POSTGRES_PRIMARY_KEY",
    |raw| &raw.postgres_primary_key,
    COLUMN_LIST,
    "The columns that identify a row.",
)
.per_table("PRIMARY_KEY")
.unset("the primary key, else a unique index on NOT NULL columns");

pub static COLUMNS: Setting<Vec<String>> =
    Setting::of_table("COLUMNS", COLUMN_LIST, "The only columns to copy.").unset("all that may be read");

pub static EXCLUDE: Setting<Vec<String>> = Setting::of_table("EXCLUDE", COLUMN_LIST, "Columns not to copy.");

pub static MASK: Setting<Vec<String>> = Setting::of_table(
    "MASK",
    COLUMN_LIST,
    "Columns of which only a salted SHA-256 leaves the source; key columns may be among them.",
);

pub static MASK_SALT: Setting<Secret> =
    Setting::new("MASK_SALT", |raw| &raw.mask_salt, SECRET, "What masked values are hashed with.")
        .secret(|raw| &raw.mask_salt_file)
        .default("");

pub static SYNC_MODE: Setting<Mode> = Setting::new(
    "SYNC_MODE",
    |raw| &raw.sync_mode,
    Form::Words(&Mode::NAMES),
    "What a lake table means: [the modes](../README.md#what-a-lake-table-can-mean).",
)
.per_table("MODE")
.default("mirror");

pub static SYNCED_AT: Setting<bool> = Setting::new(
    "SYNCED_AT",
    |raw| &raw.synced_at,
    SWITCH,
    "Whether `mirror`, `soft_delete` and `full` have a column `_synced_at`, too: the instant of the cycle that last wrote the row.",
)
.per_table("SYNCED_AT")
.default("false");

pub static NUMERIC: Setting<NumericAs> = Setting::new(
    "NUMERIC",
    |raw| &raw.numeric,
    Form::Words(&[("double", NumericAs::Double), ("text", NumericAs::Text)]),
    "What becomes of a `numeric` that no DECIMAL holds: `text` keeps every digit.",
)
.per_table("NUMERIC")
.default("double");

pub static CHAR: Setting<CharAs> = Setting::new(
    "CHAR",
    |raw| &raw.char,
    Form::Words(&[("padded", CharAs::Padded), ("trimmed", CharAs::Trimmed)]),
    "Whether a `char(n)` keeps the blanks that pad it, which Postgres prints but does not compare: \
     [types.md](types.md#charn).",
)
.per_table("CHAR")
.default("padded");

pub static TYPE: Setting<Vec<(String, ReadAs)>> = Setting::of_table(
    "TYPE",
    COLUMN_TYPES,
    "Columns that are read as JSON (what `to_json` makes of a value) or as text (what Postgres prints) whatever their type, so \
     that every value is held: [types.md](types.md#values-that-do-not-fit). A masked column stays masked.",
);

pub static REJECTS: Setting<RejectPolicy> = Setting::new(
    "REJECTS",
    |raw| &raw.rejects,
    Form::Words(&[("keep", RejectPolicy::Keep), ("stop", RejectPolicy::Stop)]),
    "What becomes of a value that the lake cannot hold: `keep` makes it NULL there and lists it in `_pg2duck.rejects`, `stop` \
     makes it an error of its table.",
)
.per_table("REJECTS")
.default("keep");

pub static CURSOR_COLUMN: Setting<String> = Setting::new(
    "CURSOR_COLUMN",
    |raw| &raw.cursor_column,
    COLUMN,
    "A timestamp that every change of a row sets; with an index on it a poll is cheap. `xmin` for none: every poll then scans \
     the table, and still transfers only what changed.",
)
.per_table("CURSOR_COLUMN")
.unset("`updated_at` where there is one, else `xmin`");

pub static CURSOR_OVERLAP: Setting<Duration> = Setting::new(
    "CURSOR_OVERLAP",
    |raw| &raw.cursor_overlap,
    LENGTH,
    "How far back each poll looks again. It must exceed the clock skew of writers that set the cursor column themselves.",
)
.default("5min");

pub static SWEEP_INTERVAL: Setting<Duration> = Setting::new(
    "SWEEP_INTERVAL",
    |raw| &raw.sweep_interval,
    LENGTH,
    "How often a table with a cursor column is also scanned in full by `xmin` alone, to find rows that were changed behind the \
     trigger's back.",
)
.default("1h");

pub static DELETES: Setting<Deletes> = Setting::new(
    "DELETES",
    |raw| &raw.deletes,
    Deletes::FORM,
    "How deleted rows are found: `audit` by the triggers of `pg2duck setup`, `diff` by comparing keys, `off` not at all; \
     `auto` is audit where the triggers are, else diff.",
)
.per_table("DELETES")
.default("auto");

pub static AUDIT: Setting<Audit> = Setting::new(
    "AUDIT",
    |raw| &raw.audit,
    Form::Words(&[("keys", Audit::Keys), ("full", Audit::Full), ("off", Audit::Off)]),
    "What `pg2duck setup` has the triggers record: `keys` of deleted rows, or `full`: every insert, update and delete with the \
     rows.",
)
.unset("as it was set up, else `keys`");

pub static DIFF_INTERVAL: Setting<Duration> =
    Setting::new("DIFF_INTERVAL", |raw| &raw.diff_interval, LENGTH, "How often `diff` compares all keys of a table.")
        .default("10min");

pub static DIFF_ROWS_PER_SECOND: Setting<u64> = Setting::new(
    "DIFF_ROWS_PER_SECOND",
    |raw| &raw.diff_rows_per_second,
    Form::Whole(1..=1 << 40, Some),
    "How many keys of a table a cycle compares, per second of `SYNC_INTERVAL_SECONDS`.",
)
.default("100000");

pub static DELETE_BRAKE: Setting<u64> = Setting::new(
    "DELETE_BRAKE",
    |raw| &raw.delete_brake,
    SHARE,
    "A comparison that would delete a larger share of a table (and more than 10 rows) stops that table until \
     `pg2duck once --allow-mass-delete`.",
)
.default("30%");
