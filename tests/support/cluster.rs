//! Throwaway Postgres servers, started by `scripts/postgres.sh with`. They live as long as this process: when it ends,
//! however it ends, its end of a pipe closes and the script cleans up.

use super::sql::Session;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard};

/// The role that pg2duck logs in as: it can read everything and nothing else.
pub const ROLE: &str = "syncer";
/// Appears in no output of pg2duck, which is checked after every single run.
pub const PASSWORD: &str = "correct-horse-battery";

pub const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres.sh");

/// A running server.
pub struct Cluster {
    pub port: u16,
    pub ca: String,
    /// What it writes about itself; in the quiet one, every statement of pg2duck.
    pub log: PathBuf,
    databases: AtomicU32,
    /// Holds the pipe that keeps the server alive.
    _server: Child,
}

static SHARED: LazyLock<Cluster> = LazyLock::new(|| Cluster::start(&[]));
/// Here nothing runs beside the one test that has it, not even autovacuum: an open transaction anywhere in a cluster holds
/// every fence back, and rows are then rightly read twice.
static QUIET: LazyLock<Cluster> = LazyLock::new(|| {
    Cluster::start(&[
        "ALTER SYSTEM SET autovacuum = off",
        "ALTER SYSTEM SET log_line_prefix = '%d '",
        "ALTER ROLE syncer SET log_statement = 'all'",
    ])
});
static QUIET_IS_TAKEN: Mutex<()> = Mutex::new(());

impl Cluster {
    /// The server that tests share.
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// The server without any other activity, for tests that count which rows travel; one test at a time.
    pub fn quiet() -> (&'static Self, MutexGuard<'static, ()>) {
        let guard = QUIET_IS_TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        (&QUIET, guard)
    }

    /// A new server, with these statements run as its superuser; it is gone when this is dropped.
    pub fn start(settings: &[&str]) -> Self {
        Self::start_from(None, settings)
    }

    /// The same, by the programs in this folder.
    pub fn start_from(programs: Option<&str>, settings: &[&str]) -> Self {
        let mut server = Command::new(SCRIPT)
            .envs(programs.map(|programs| ("PG_BIN", programs)))
            .args(["with", "sh", "-c", "echo \"$PGPORT $PG2DUCK_TEST_DIR $PG2DUCK_TEST_CA\"; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/postgres.sh starts");
        let mut line = String::new();
        let stdout = server.stdout.as_mut().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("the script answers");
        let [port, folder, ca] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("got {line:?} from scripts/postgres.sh; see its message above")
        };
        let cluster = Self {
            port: port.parse().expect("a port"),
            ca: ca.to_owned(),
            log: PathBuf::from(folder).join("postgres.log"),
            databases: AtomicU32::new(0),
            _server: server,
        };
        let mut session = cluster.superuser("postgres");
        session.execute(&format!(
            "CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_read_all_data, pg_read_all_stats"
        ));
        settings.iter().chain(&["SELECT pg_reload_conf()"]).for_each(|setting| session.execute(setting));
        cluster
    }

    /// A session of the superuser in this database.
    pub fn superuser(&self, database: &str) -> Session {
        Session::open(self.port, database, "postgres", "postgres")
    }

    /// Makes an empty database and returns its name.
    pub fn new_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.superuser("postgres").execute(&format!("CREATE DATABASE {name}"));
        name
    }
}
