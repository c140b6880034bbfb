//! One case's world: a database with a role that may read it, folders, settings, and what the last command said. It plays
//! the steps and collects what was not as expected, each with its line.

use crate::directives;
use crate::script::{self, Kind};
use crate::servers;
use crate::support::cluster::Cluster;
use crate::support::{Finished, Running, Session};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// No command may take longer.
const LIMIT: Duration = Duration::from_secs(300);

pub struct Case {
    pub port: u16,
    pub database: String,
    pub settings: BTreeMap<String, String>,
    /// What the last command printed, and its exit code.
    pub output: String,
    pub code: Option<i32>,
    pub run: Option<Running>,
    folder: TempDir,
    session: Session,
    /// Everything that happened, for `--nocapture`.
    transcript: String,
    failures: Vec<String>,
    line: usize,
}

/// Plays a file; what was not as expected is the error.
pub fn play(name: &str, path: &Path, told: bool) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("read {}: {error}", path.display()))?;
    play_text(name, &text, told).map_err(|failures| {
        let shown: String = failures.iter().take(8).map(|failure| format!("\n  {failure}")).collect();
        let more = failures.len().saturating_sub(8);
        let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
        format!("{}:{shown}{more}", path.display())
    })
}

/// Plays a text in a server that suits it.
pub fn play_text(name: &str, text: &str, told: bool) -> Result<(), Vec<String>> {
    let started = catch_unwind(AssertUnwindSafe(|| {
        let server = servers::lend(text);
        let case = Case::new(&server, name);
        (server, case)
    }));
    // Locals are dropped in reverse: the case, whose sessions are in the server, before it.
    let (_server, mut case) = started.map_err(|panic| vec![format!("start the case's server: {}", said(&*panic))])?;
    case.play(text);
    if told {
        eprintln!("==== {name}\n{}", case.transcript);
    }
    if case.failures.is_empty() { Ok(()) } else { Err(std::mem::take(&mut case.failures)) }
}

/// The words of a panic.
pub fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").to_owned()
}

impl Case {
    fn new(cluster: &Cluster, name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let plain: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
        // Postgres cuts names at 63 bytes.
        let database = format!("c{}_{plain:.50}", NEXT.fetch_add(1, Ordering::Relaxed));
        cluster.superuser("postgres").execute(&format!("CREATE DATABASE {database}"));
        let folder = tempfile::tempdir().expect("a folder");
        let port = cluster.port;
        let path = |name: &str| folder.path().join(name).display().to_string();
        let settings = [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("DATABASE_URL", format!("postgres://reader:r@127.0.0.1:{port}/{database}")),
            ("SETUP_DATABASE_URL", format!("postgres://postgres@127.0.0.1:{port}/{database}")),
            ("SYNC_TABLES", "public.*".into()),
            ("DIFF_INTERVAL", "1s".into()),
            ("STATE_DIR", path("state")),
            ("PARQUET_DIR", path("parquet")),
            ("DUCKDB_PATH", path("lake/warehouse.duckdb")),
        ];
        Self {
            port,
            settings: settings.map(|(name, value)| (name.to_owned(), value)).into(),
            output: String::new(),
            code: None,
            run: None,
            folder,
            session: cluster.superuser(&database),
            transcript: String::new(),
            failures: Vec::new(),
            line: 0,
            database,
        }
    }

    fn play(&mut self, text: &str) {
        for step in script::steps(text) {
            self.line = step.line;
            let done = catch_unwind(AssertUnwindSafe(|| match &step.kind {
                Kind::Sql(sql) => self.send(sql),
                Kind::Directive { verb, argument } => directives::follow(self, verb, argument),
            }));
            if let Err(panic) = done {
                // What comes after would only tell of the same trouble.
                return self.fail(said(&*panic));
            }
        }
        if self.run.is_some() {
            directives::stop(self);
        }
    }

    fn send(&mut self, sql: &str) {
        let sql = self.fill(sql);
        self.tell(sql.trim());
        if let Err(error) = self.session.try_execute(&sql) {
            self.fail(format!("SQL of the case: {error}"));
        }
    }

    /// Notes what is not as expected; the case goes on.
    pub fn fail(&mut self, why: String) {
        self.tell(&format!("FAIL {why}"));
        self.failures.push(format!("line {}: {why}", self.line));
    }

    /// Adds to the transcript.
    pub fn tell(&mut self, text: &str) {
        self.transcript.extend(text.lines().map(|line| format!("   {line}\n")));
    }

    /// The text with what is only known now.
    pub fn fill(&self, text: &str) -> String {
        let folder = self.folder.path().display().to_string();
        text.replace("$PORT", &self.port.to_string()).replace("$DB", &self.database).replace("$DIR", &folder)
    }

    /// The file that holds the lake.
    pub fn lake_path(&self) -> &Path {
        Path::new(self.settings.get("DUCKDB_PATH").map_or("", String::as_str))
    }

    /// A session of the superuser in the case's database.
    pub fn superuser(&self) -> Session {
        Session::open(self.port, &self.database, "postgres", "postgres")
    }

    /// Starts the binary with the settings of the case and nothing else in its environment.
    pub fn start(&self, arguments: &[String], more: &[(&str, &str)]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pg2duck"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().envs(&self.settings);
        command.envs(more.iter().copied());
        Running::start(command, self.folder.path())
    }

    /// Runs the binary to its end.
    pub fn call(&self, arguments: &[String]) -> Finished {
        self.start(arguments, &[]).finish_within(LIMIT)
    }
}
