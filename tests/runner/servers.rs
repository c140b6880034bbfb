//! The servers in which cases are played: one case at a time in each, since an open transaction anywhere in a server is seen
//! by whoever follows a database of it. There are as many as cases run at a time.

use crate::script;
use crate::support::cluster::{Cluster, SCRIPT};
use std::ops::Deref;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Those that wait for the next case.
static IDLE: Mutex<Vec<Cluster>> = Mutex::new(Vec::new());

/// A server for the length of one case.
pub struct Lent {
    cluster: Option<Cluster>,
    /// Whether the next case may have it.
    keep: bool,
}

/// A server for this case; one that nobody has had or will have, if the case changes what its databases share.
pub fn lend(case: &str) -> Lent {
    let version = script::version(case);
    let keep = version.is_none() && !script::changes_the_server(case);
    let idle = if keep { IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop() } else { None };
    Lent { cluster: Some(idle.unwrap_or_else(|| start(version.and_then(programs_of).as_deref()))), keep }
}

/// The folder of the programs of Postgres of this major version, if there is one or one can be fetched.
pub fn programs_of(major: &str) -> Option<String> {
    let found = Command::new(SCRIPT).args(["bin", major]).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let found = found.expect("scripts/postgres.sh starts");
    found.status.success().then(|| String::from_utf8_lossy(&found.stdout).trim().to_owned())
}

/// A server that lets everybody in, since a case's connection strings name no password.
fn start(programs: Option<&str>) -> Cluster {
    let settings = [
        "CREATE ROLE reader LOGIN PASSWORD 'r' IN ROLE pg_read_all_data, pg_read_all_stats",
        "ALTER SYSTEM SET autovacuum = off",
    ];
    let cluster = Cluster::start_from(programs, &settings);
    let mut session = cluster.superuser("postgres");
    let rules = session.value("SHOW hba_file").replace('\'', "''");
    session.execute(&format!("COPY (SELECT 'host all all 127.0.0.1/32 trust') TO '{rules}'"));
    session.execute("SELECT pg_reload_conf()");
    cluster
}

impl Deref for Lent {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.cluster.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // What would hold back whoever comes next.
        let left = "SELECT (SELECT count(*) FROM pg_prepared_xacts) + (SELECT count(*) FROM pg_replication_slots)";
        let is_clean = |cluster: &Cluster| cluster.superuser("postgres").value(left) == "0";
        if let Some(cluster) = self.cluster.take()
            && self.keep
            && !std::thread::panicking()
            && is_clean(&cluster)
        {
            IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(cluster);
        }
    }
}
