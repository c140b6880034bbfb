//! How long after a COMMIT in the source a reader of the lake sees it: `latency LAKE COMMITS`, for `bench/latency.sh`.
//!
//! Changes one row per round in table `wide` (DATABASE_URL), waits until the lake file has been written since, and opens
//! it as a reader does. Prints the median and the 99th percentile in milliseconds.

use duckdb::{AccessMode, Config, Connection};
use sqlx::{AssertSqlSafe, Connection as _, Executor, PgConnection};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, lake, commits] = arguments.as_slice() else { return Err("usage: latency LAKE COMMITS".into()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut source = runtime.block_on(PgConnection::connect(&std::env::var("DATABASE_URL")?))?;
    let mut latencies = Vec::new();
    for round in 0..commits.parse::<u64>()? {
        // Not in step with whatever repeats.
        std::thread::sleep(Duration::from_millis(150 + round * 37 % 100));
        let (path, seats, id) = (Path::new(lake), 1_000_000 + round, 1 + round * 7919 % 100_000);
        let before = path.metadata()?.modified()?;
        let sql = format!("UPDATE wide SET seats = {seats}, updated_at = now() WHERE id = {id}");
        runtime.block_on(source.execute(sqlx::raw_sql(AssertSqlSafe(sql))))?;
        let committed = Instant::now();
        wait_until_seen(path, before, &format!("SELECT seats = {seats} FROM wide WHERE id = {id}"))?;
        latencies.push(committed.elapsed().as_secs_f64() * 1000.0);
    }
    latencies.sort_by(f64::total_cmp);
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share).round() as usize];
    println!("{} commits: p50 {:.0} ms, p99 {:.0} ms, max {:.0} ms", latencies.len(), at(0.5), at(0.99), at(1.0));
    Ok(())
}

fn wait_until_seen(lake: &Path, before: SystemTime, question: &str) -> Result<(), Failure> {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
        if lake.metadata()?.modified()? == before {
            continue;
        }
        // Held by the writer for a moment yet.
        let Ok(reader) = Connection::open_with_flags(lake, Config::default().access_mode(AccessMode::ReadOnly)?) else {
            continue;
        };
        if reader.query_row(question, [], |row| row.get(0))? {
            return Ok(());
        }
    }
    Err("a commit was not seen within 30 s".into())
}
