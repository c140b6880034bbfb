//! A hostile workload while the loop runs: between cycles the lake must equal the source *at the snapshot that the lake
//! names*, and after the last commit one more cycle makes them equal, row by row.
//!
//! Short in `make test`; `make soak MINUTES=10 SEED=7 IDLE_WRITER=30` is the same test for longer. Deletes are in `hostile`.

mod workload;

use crate::support::{Sandbox, Session, wait_until};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const TABLES: [&str; 3] = ["child", "parent", "plain"];
/// Sums that depend on every key and value, but on no order; the same in both databases.
const SUMS: &str = "count(*), sum(n), sum((key * 1000003 + n * 7919) % 2147483647)";

fn setting(name: &str, default: u64) -> u64 {
    let given = std::env::var(format!("PG2DUCK_SOAK_{name}")).ok();
    given.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("PG2DUCK_SOAK_{name}={text} is no number")))
}

#[test]
fn the_lake_equals_the_source_at_every_snapshot_of_a_soak() {
    let (seconds, seed) = (setting("SECONDS", 12), setting("SEED", 1));
    let idle = setting("IDLE_WRITER", 0);
    // Neither a wide overlap nor a full scan may hide a hole in the fence.
    let sandbox = Sandbox::new(workload::SOURCE)
        .with("SYNC_TABLES", "public.*")
        .with("CURSOR_OVERLAP", "1s")
        .with("SWEEP_INTERVAL", "365d")
        .with("BATCH_SIZE", 500);
    let mut run = sandbox.run();
    TABLES.iter().for_each(|table| sandbox.wait_until_synced(&format!("public.{table}")));

    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for writer in 0..workload::WRITERS {
        let (session, stop) = (sandbox.session(), Arc::clone(&stop));
        writers.push(std::thread::spawn(move || workload::write(session, writer, seed, &stop)));
    }
    let (session, stop_idle) = (sandbox.session(), Arc::clone(&stop));
    let idler = (idle > 0).then(|| std::thread::spawn(move || workload::idle(session, idle, &stop_idle)));

    let start = Instant::now();
    let mut check = MidRun::new(sandbox.session());
    while start.elapsed() < Duration::from_secs(seconds) {
        wait_until("the next cycle is in the lake", || {
            assert!(!run.has_ended(), "run ended:\n{}", run.log());
            check.try_check(&sandbox) || start.elapsed() > Duration::from_secs(seconds)
        });
    }
    stop.store(true, Ordering::Relaxed);
    let committed: u64 = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    idler.into_iter().for_each(|idler| idler.join().unwrap());
    run.signal("TERM");
    assert_eq!(run.finish().code, Some(0));
    sandbox.once();

    let [missing, stale, extra] = differences(&sandbox);
    let (written, transferred) = (check.written(), transferred(&sandbox));
    println!(
        "soak: seed {seed}, {seconds} s, {committed} commits, {written} rows written, {transferred} transferred \
         ({:.2}), {} snapshots checked; {missing} missing, {stale} stale, {extra} extra",
        transferred as f64 / written as f64,
        check.snapshots
    );
    TABLES.iter().for_each(|table| sandbox.assert_equal(table));
    assert!(check.snapshots > 2, "the lake was compared at {} snapshots only", check.snapshots);
}

fn transferred(sandbox: &Sandbox) -> u64 {
    let sum = "SELECT coalesce(sum(rows), 0)::VARCHAR FROM _pg2duck.batches WHERE kind = 'changes'";
    sandbox.lake_value(sum).parse().unwrap()
}

/// Rows that the lake lacks, has in an older version, and should not have.
fn differences(sandbox: &Sandbox) -> [usize; 3] {
    let mut found = [0; 3];
    for table in TABLES {
        let rows = format!("SELECT id || ':' || n FROM {table}");
        let parse = |rows: Vec<String>| -> BTreeMap<String, String> {
            rows.iter().map(|row| row.split_once(':').unwrap()).map(|(id, n)| (id.into(), n.into())).collect()
        };
        let source = sandbox.session().rows(&rows).into_iter().flatten().flatten().collect();
        let (source, lake) = (parse(source), parse(sandbox.lake_column(&rows)));
        found[0] += source.keys().filter(|id| !lake.contains_key(*id)).count();
        found[1] += source.iter().filter(|(id, n)| lake.get(*id).is_some_and(|own| own != *n)).count();
        found[2] += lake.keys().filter(|id| !source.contains_key(*id)).count();
    }
    found
}

/// Compares the lake with the history of the source while both move on.
struct MidRun {
    session: Session,
    initial: u64,
    pruned: u64,
    last: String,
    snapshots: u32,
}

impl MidRun {
    fn new(mut session: Session) -> Self {
        let initial = TABLES.map(|table| format!("(SELECT count(*) FROM {table})")).join(" + ");
        // The writers may have begun already, but the history begins with the tables as they were made.
        let initial = session.value(&format!(
            "SELECT count(*) FROM test.history WHERE xid = (SELECT min(xid) FROM test.history) AND {initial} > 0"
        ));
        Self { session, initial: initial.parse().unwrap(), pruned: 0, last: String::new(), snapshots: 0 }
    }

    /// Checks what the lake shows now; false when it shows the snapshot that was checked last.
    fn try_check(&mut self, sandbox: &Sandbox) -> bool {
        // One statement, so one transaction of DuckDB.
        let sums = TABLES
            .map(|table| format!("(SELECT concat_ws(' ', '{table}', {SUMS}) FROM (SELECT id AS key, n FROM {table}))"));
        let shown = sandbox.lake_value(&format!(
            "SELECT concat_ws(';', (SELECT string_agg(DISTINCT snapshot, ' and ') FROM _pg2duck.sync), \
                    (SELECT count(*) FROM child WHERE parent NOT IN (SELECT id FROM parent)), {})",
            sums.join(", ")
        ));
        let [snapshot, orphans, sums] = shown.splitn(3, ';').collect::<Vec<_>>()[..] else { panic!("{shown}") };
        if snapshot == self.last {
            return false;
        }
        assert!(!snapshot.contains("and"), "the lake's tables are at different snapshots: {snapshot}");
        assert_eq!(orphans, "0", "children without their parent at {snapshot}");
        let latest = format!(
            "SELECT DISTINCT ON (source, key) source, key, n FROM test.history \
             WHERE pg_visible_in_snapshot(xid, '{snapshot}') ORDER BY source, key, seq DESC"
        );
        let due = self.session.value(&format!(
            "SELECT string_agg(line, ';' ORDER BY line) FROM \
             (SELECT concat_ws(' ', source, {SUMS}) AS line FROM ({latest}) v GROUP BY source) l"
        ));
        assert_eq!(sums, due, "count and sums in the lake, and in the source at {snapshot}");
        self.prune(snapshot);
        snapshot.clone_into(&mut self.last);
        self.snapshots += 1;
        true
    }

    /// Versions that this snapshot sees replaced are replaced in every later one. Without this a long soak would slow down.
    fn prune(&mut self, snapshot: &str) {
        let pruned = self.session.value(&format!(
            "WITH gone AS (DELETE FROM test.history old WHERE EXISTS (SELECT FROM test.history new
               WHERE new.source = old.source AND new.key = old.key AND new.seq > old.seq
                 AND pg_visible_in_snapshot(new.xid, '{snapshot}')) RETURNING 1) SELECT count(*) FROM gone"
        ));
        self.pruned += pruned.parse::<u64>().unwrap();
    }

    /// Row versions that were committed since the start.
    fn written(&mut self) -> u64 {
        self.session.value("SELECT count(*) FROM test.history").parse::<u64>().unwrap() + self.pruned - self.initial
    }
}
