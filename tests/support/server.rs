//! A Postgres server of one test's own, for what cannot be done to a shared one: stopping it, exchanging its files,
//! following it with a standby. The script that starts it removes it, however the test ends.

use super::cluster::{PASSWORD, ROLE};
use super::sql::Session;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres.sh");

/// Its data lies in `<folder>/data`, its programs in `programs`.
pub struct Server {
    pub port: u16,
    pub folder: String,
    pub programs: String,
    /// Holds the pipe that keeps the folder; `None` for a standby, which lies in its primary's.
    _keeper: Option<Child>,
}

impl Server {
    /// A new server with the role that pg2duck logs in as.
    pub fn start() -> Self {
        let mut keeper = Command::new(SCRIPT)
            .args(["with", "sh", "-c", "echo \"$PGPORT $PG2DUCK_TEST_DIR $PG2DUCK_TEST_PGBIN\"; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/postgres.sh starts");
        let mut line = String::new();
        BufReader::new(keeper.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("the script answers");
        let [port, folder, programs] = line.split_whitespace().collect::<Vec<_>>()[..] else { panic!("got {line:?}") };
        let (port, folder, programs) = (port.parse().expect("a port"), folder.into(), programs.into());
        let server = Self { port, folder, programs, _keeper: Some(keeper) };
        server.session().execute(&format!(
            "CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_read_all_data, pg_read_all_stats"
        ));
        server
    }

    /// A hot standby of this server, which lasts as long as it does.
    pub fn standby(&self) -> Self {
        let folder = format!("{}/standby", self.folder);
        self.shell(&format!("install -d -m 711 {folder} && install -d -m 700 $owner {folder}/data"));
        let source = format!("host=127.0.0.1 port={} user=postgres password=postgres", self.port);
        self.shell(&format!("$as {}/pg_basebackup -d '{source}' -D {folder}/data -R -c fast -X stream", self.programs));
        let mut standby = Self { port: 0, folder, programs: self.programs.clone(), _keeper: None };
        standby.resume();
        standby
    }

    /// The superuser in the database `postgres`.
    pub fn session(&self) -> Session {
        Session::open(self.port, "postgres", "postgres", "postgres")
    }

    /// What DATABASE_URL is for it.
    pub fn url(&self) -> String {
        format!("postgres://{ROLE}:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }

    /// Stops it in an orderly way. Its sessions are gone.
    pub fn stop(&self) {
        self.shell(&format!("{SCRIPT} stop {}", self.folder));
    }

    /// Starts it again, on the same port.
    pub fn resume(&mut self) {
        self.port = self.shell(&format!("{SCRIPT} start {}", self.folder)).trim().parse().expect("a port");
    }

    /// Runs a command in its folder. `$as` precedes what must not run as root, `$owner` makes `install` give files to it.
    pub fn shell(&self, command: &str) -> String {
        let prelude = "cd /; as= owner=; [ $(id -u) != 0 ] || { as='runuser -u postgres --'; owner='-o postgres'; }; ";
        let mut shell = Command::new("sh");
        let done =
            shell.args(["-ec", &format!("{prelude}\n{command}")]).stdin(Stdio::null()).output().expect("sh runs");
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{command}: {said}");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self._keeper.is_none() {
            let stopped = Command::new(SCRIPT).args(["stop", &self.folder]).stdout(Stdio::null()).status();
            assert!(stopped.is_ok() || std::thread::panicking(), "stop the standby");
        }
    }
}
