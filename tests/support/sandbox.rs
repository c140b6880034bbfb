//! One test's world: a database, the folders lake/, parquet/ and state/, and the settings with which pg2duck runs in it.

use super::cluster::{Cluster, PASSWORD, ROLE};
use super::compare::Comparison;
use super::lake;
use super::process::{Finished, Running, wait_until};
use super::sql::Session;
use std::cell::RefCell;
use std::path::PathBuf;
use std::process::Command;
use std::sync::MutexGuard;
use tempfile::TempDir;

pub struct Sandbox {
    pub cluster: &'static Cluster,
    pub database: String,
    folder: TempDir,
    settings: Vec<(String, String)>,
    session: RefCell<Session>,
    _quiet: Option<MutexGuard<'static, ()>>,
}

impl Sandbox {
    /// In the server that tests share, with these statements run; every table of every schema is selected.
    pub fn new(sql: &str) -> Self {
        Self::inside(Cluster::shared(), None, sql)
    }

    /// In a server where nothing else happens, for tests that count which rows travel.
    pub fn quiet(sql: &str) -> Self {
        let (cluster, guard) = Cluster::quiet();
        Self::inside(cluster, Some(guard), sql)
    }

    fn inside(cluster: &'static Cluster, quiet: Option<MutexGuard<'static, ()>>, sql: &str) -> Self {
        let database = cluster.new_database();
        let folder = tempfile::tempdir().expect("a folder");
        let mut session = cluster.superuser(&database);
        session.execute(sql);
        let url = format!("postgres://{ROLE}:{PASSWORD}@127.0.0.1:{}/{database}", cluster.port);
        let settings = vec![("DATABASE_URL".into(), url), ("SYNC_TABLES".into(), "*.*".into())];
        Self { cluster, database, folder, settings, session: RefCell::new(session), _quiet: quiet }
    }

    /// Another one with folders of its own, on the same source and with the same settings so far.
    pub fn beside(&self) -> Self {
        Self {
            cluster: self.cluster,
            database: self.database.clone(),
            folder: tempfile::tempdir().expect("a folder"),
            settings: self.settings.clone(),
            session: RefCell::new(self.session()),
            _quiet: None,
        }
    }

    /// Sets a variable for all later runs.
    pub fn set(&mut self, name: &str, value: impl ToString) {
        self.unset(name);
        self.settings.push((name.into(), value.to_string()));
    }

    pub fn unset(&mut self, name: &str) {
        self.settings.retain(|(known, _)| known != name);
    }

    /// The same with a variable set.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.set(name, value);
        self
    }

    /// The value of a setting, if it has one.
    pub fn setting(&self, name: &str) -> Option<String> {
        self.settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// Where pg2duck finds the source.
    pub fn url(&self) -> String {
        self.setting("DATABASE_URL").expect("a sandbox starts with a DATABASE_URL")
    }

    /// A path in the sandbox's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn lake_path(&self) -> PathBuf {
        self.path("lake/warehouse.duckdb")
    }

    pub fn state_path(&self) -> PathBuf {
        self.path("state")
    }

    /// The binary with the sandbox's settings and nothing else in its environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pg2duck"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("DUCKDB_PATH", self.lake_path());
        command.env("PARQUET_DIR", self.path("parquet")).env("STATE_DIR", self.state_path());
        for folder in ["lake", "parquet", "state"] {
            std::fs::create_dir_all(self.path(folder)).expect("a folder");
        }
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the binary in the background.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments), self.folder.path())
    }

    /// Runs the binary to its end.
    pub fn call(&self, arguments: &[&str]) -> Finished {
        self.start(arguments).finish()
    }

    /// One cycle in which everything succeeds.
    pub fn once(&self) -> Finished {
        let finished = self.call(&["once"]);
        assert_eq!(finished.code, Some(0), "once failed:\n{}", finished.stderr);
        finished
    }

    /// One cycle that ends with this exit code and says all of these texts on stderr.
    pub fn once_fails(&self, code: i32, texts: &[&str]) -> Finished {
        let finished = self.call(&["once"]);
        assert_eq!(finished.code, Some(code), "once printed:\n{}{}", finished.stdout, finished.stderr);
        for text in texts {
            assert!(finished.stderr.contains(text), "{text:?} is not said in:\n{}", finished.stderr);
        }
        finished
    }

    /// The loop, one cycle a second.
    pub fn run(&self) -> Running {
        let mut command = self.command(&["run"]);
        command.env("SYNC_INTERVAL_SECONDS", "1");
        Running::start(command, self.folder.path())
    }

    /// What `status --json` says of one table; `None` while it does not know the table.
    pub fn status(&self, table: &str) -> Option<serde_json::Value> {
        let finished = self.call(&["status", "--json"]);
        if finished.stderr.contains("no state") {
            return None;
        }
        assert!(matches!(finished.code, Some(0 | 1)), "status failed:\n{}", finished.stderr);
        let report: serde_json::Value = serde_json::from_str(&finished.stdout).expect("status --json prints JSON");
        let tables = report["tables"].as_array().expect("an array `tables`");
        tables.iter().find(|entry| entry["table"] == table).cloned()
    }

    /// Waits until `status` calls the table synced.
    pub fn wait_until_synced(&self, table: &str) {
        wait_until(&format!("{table} is synced"), || {
            self.status(table).is_some_and(|entry| entry["state"] == "synced")
        });
    }

    /// Runs statements in the source.
    pub fn sql(&self, sql: &str) {
        self.session.borrow_mut().execute(sql);
    }

    /// The statements that pg2duck has sent to this database so far. In the quiet server only.
    pub fn statements(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.cluster.log).expect("the server's log");
        let ours = format!("{} LOG:  statement: ", self.database);
        log.lines().filter_map(|line| line.strip_prefix(&ours)).map(str::to_owned).collect()
    }

    /// One value of the source.
    pub fn value(&self, sql: &str) -> String {
        self.session.borrow_mut().value(sql)
    }

    /// Another session in the source.
    pub fn session(&self) -> Session {
        self.cluster.superuser(&self.database)
    }

    /// One value of the lake.
    pub fn lake_value(&self, sql: &str) -> String {
        lake::value(&lake::open(&self.lake_path()), sql)
    }

    /// One column of the lake.
    pub fn lake_column(&self, sql: &str) -> Vec<String> {
        lake::column(&lake::open(&self.lake_path()), sql).into_iter().map(Option::unwrap_or_default).collect()
    }

    /// The user's tables in the lake as `schema.table`, sorted.
    pub fn lake_tables(&self) -> Vec<String> {
        self.lake_column(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE schema_name <> '_pg2duck' ORDER BY ALL",
        )
    }

    /// Compares a table (in schema public unless named) of the source with the lake, to the last cell.
    pub fn assert_equal(&self, table: &str) {
        let (schema, table) = table.split_once('.').unwrap_or(("public", table));
        self.compare(schema, table).check();
    }

    /// A comparison with choices.
    pub fn compare(&self, schema: &str, table: &str) -> Comparison<'_> {
        Comparison::lent(self.session.borrow_mut(), self.lake_path(), schema, table)
    }

    /// All files below PARQUET_DIR, in the order of their names.
    pub fn parquet_files(&self) -> Vec<PathBuf> {
        lake::files_below(&self.path("parquet"))
    }

    /// How many rows arrived in Parquet files that are not among these.
    pub fn rows_in_new_files(&self, before: &[PathBuf]) -> u64 {
        lake::parquet_rows(&self.parquet_files().into_iter().filter(|file| !before.contains(file)).collect::<Vec<_>>())
    }

    /// No file is half-written.
    pub fn assert_nothing_unfinished(&self) {
        let files = lake::files_below(self.folder.path());
        let left: Vec<_> = files.iter().filter(|file| file.extension().is_some_and(|end| end == "tmp")).collect();
        assert!(left.is_empty(), "unfinished files: {left:?}");
    }
}
