//! Hours of steady change in minutes: `steady CYCLES LOG PID`, for `bench/steady.sh`.
//!
//! Each round commits 900 updates, 100 inserts and 100 deletes of random rows of table `wide` (DATABASE_URL) in one
//! transaction, and waits for the cycle that takes them, which the running pg2duck (PID) tells in its JSON log. Prints what a
//! cycle costs early and late, and whether lake and source are equal in the end.

use duckdb::{AccessMode, Config};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

type Failure = Box<dyn std::error::Error>;

const UPDATES: usize = 900;
const INSERTS: usize = 100;
const DELETES: usize = 100;
/// Medians are taken over so many rounds before and after the one that is told.
const AROUND: usize = 25;
const TOLD: [usize; 6] = [1, 200, 500, 1000, 1500, 2000];
/// The rounds that are compared are those from here on: caches are warm then.
const SETTLED: usize = 200;

/// What one round saw.
struct Round {
    /// As pg2duck tells it.
    seconds: f64,
    /// Of pg2duck alone, whatever else the machine does.
    processor: f64,
    rss: f64,
    anonymous: f64,
    lake: f64,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, cycles, log, pid] = arguments.as_slice() else { return Err("usage: steady CYCLES LOG PID".into()) };
    let cycles: usize = cycles.parse()?;
    let lake = std::env::var("DUCKDB_PATH")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut source = runtime.block_on(PgConnection::connect(&std::env::var("DATABASE_URL")?))?;
    let mut log = BufReader::new(std::fs::File::open(log)?);
    let mut writer = Writer::new(runtime.block_on(source.fetch_one("SELECT max(id) FROM wide"))?.get(0));
    let mut rounds = Vec::new();
    let mut used = processor(pid)?;
    for number in 1..=cycles {
        runtime.block_on(source.execute(sqlx::raw_sql(AssertSqlSafe(writer.round()))))?;
        let seconds = next_cycle(&mut log)?;
        let (before, (rss, anonymous)) = (used, memory(pid)?);
        used = processor(pid)?;
        rounds.push(Round { seconds, processor: used - before, rss, anonymous, lake: size(Path::new(&lake))? });
        if number % 100 == 0 {
            eprintln!("{number} of {cycles} cycles");
        }
    }
    print(&rounds);
    compare(
        &runtime.block_on(source.fetch_one(sqlx::raw_sql(AssertSqlSafe(digest("wide")))))?.get::<String, _>(0),
        &lake,
    )
}

/// Random changes, always the same ones.
struct Writer {
    seed: u64,
    alive: Vec<i64>,
    next: i64,
}

impl Writer {
    fn new(rows: i64) -> Self {
        Self { seed: 1, alive: (1..=rows).collect(), next: rows + 1 }
    }

    /// xorshift64*
    fn random(&mut self, below: usize) -> usize {
        self.seed ^= self.seed >> 12;
        self.seed ^= self.seed << 25;
        self.seed ^= self.seed >> 27;
        (self.seed.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below
    }

    fn round(&mut self) -> String {
        let mut deleted = Vec::new();
        for _ in 0..DELETES {
            let at = self.random(self.alive.len());
            deleted.push(self.alive.swap_remove(at));
        }
        let mut updated = std::collections::BTreeSet::new();
        while updated.len() < UPDATES {
            let at = self.random(self.alive.len());
            updated.insert(self.alive[at]);
        }
        let first = self.next;
        self.next += INSERTS as i64;
        self.alive.extend(first..self.next);
        format!(
            "BEGIN; DELETE FROM wide WHERE id IN ({deleted}); \
             UPDATE wide SET seats = seats + 1, amount = round((random() * 100000)::numeric, 2), note = md5(random()::text), \
                 updated_at = now() WHERE id IN ({updated}); \
             INSERT INTO wide SELECT g, gen_random_uuid(), 'user' || g || '@example.com', md5(g::text), \
                 round((random() * 100000)::numeric, 2), g % 100, jsonb_build_object('plan', 'pro', 'n', g), \
                 ARRAY['t' || g % 10], true, now(), now(), NULL, repeat('x', 40) || g \
               FROM generate_series({first}, {last}) g; COMMIT",
            deleted = list(&deleted),
            updated = list(&updated.into_iter().collect::<Vec<_>>()),
            last = self.next - 1,
        )
    }
}

fn list(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

/// The seconds of the next cycle in the log that brought rows.
fn next_cycle(log: &mut impl BufRead) -> Result<f64, Failure> {
    let (deadline, mut line) = (Instant::now() + Duration::from_secs(120), String::new());
    while Instant::now() < deadline {
        if log.read_line(&mut line)? == 0 || !line.ends_with('\n') {
            std::thread::sleep(Duration::from_millis(2));
            continue;
        }
        let told: serde_json::Value = serde_json::from_str(&line)?;
        line.clear();
        match told["message"].as_str() {
            Some("cycle") => return Ok(told["seconds"].as_str().unwrap_or_default().parse()?),
            _ if told["level"] != "INFO" => eprintln!("{told}"),
            _ => {}
        }
    }
    Err("no cycle within 120 s".into())
}

/// Resident memory in MB: all of it, and without what is only mapped from files.
fn memory(pid: &str) -> Result<(f64, f64), Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    };
    Ok((of("VmRSS:"), of("RssAnon:")))
}

/// Milliseconds of processor time used so far, all threads.
fn processor(pid: &str) -> Result<f64, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name may hold spaces; user and system time are the 12th and 13th field after it, in hundredths of a second.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    Ok(fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * 10.0)
}

/// MB of a file.
fn size(path: &Path) -> Result<f64, Failure> {
    Ok(path.metadata()?.len() as f64 / 1e6)
}

/// A column of the table.
type Fact<'a> = (&'a str, &'a dyn Fn(&Round) -> f64);

fn print(rounds: &[Round]) {
    let around = |number: usize, of: &dyn Fn(&Round) -> f64| {
        let window = &rounds[number.saturating_sub(AROUND)..rounds.len().min(number + AROUND)];
        let mut values: Vec<f64> = window.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    let facts: [Fact<'_>; 5] = [
        ("cycle ms", &|round| round.seconds * 1000.0),
        ("processor ms", &|round| round.processor),
        ("RSS MB", &|round| round.rss),
        ("anonymous MB", &|round| round.anonymous),
        ("lake MB", &|round| round.lake),
    ];
    println!("| cycle | {} |", facts.map(|(name, _)| name).join(" | "));
    println!("|{}", "---|".repeat(facts.len() + 1));
    for number in TOLD.into_iter().filter(|number| *number < rounds.len()).chain([rounds.len()]) {
        println!("| {number} | {} |", facts.map(|(_, of)| format!("{:.0}", around(number, of))).join(" | "));
    }
    let ratio = facts.map(|(_, of)| format!("{:.2}", around(rounds.len(), of) / around(SETTLED, of)));
    println!("| last / cycle {SETTLED} | {} |", ratio.join(" | "));
    let longest = rounds.iter().map(|round| round.seconds * 1000.0).fold(0.0, f64::max);
    let highest = rounds.iter().map(|round| round.rss).fold(0.0, f64::max);
    println!("longest cycle {longest:.0} ms, highest RSS {highest:.0} MB");
}

/// Count and a sum of hashes of every row, the same text in both databases.
fn digest(table: &str) -> String {
    format!(
        "SELECT count(*)::text || ' rows, ' || sum(('x' || substr(md5(concat_ws('|', id, uuid, email, note, amount, seats, tags[1], \
             (deleted_at IS NULL)::int, (extract(epoch FROM updated_at) * 1000000)::bigint, pad)), 1, 15))::bit(60)::bigint)::text FROM {table}"
    )
}

fn compare(source: &str, lake: &str) -> Result<(), Failure> {
    let deadline = Instant::now() + Duration::from_secs(10);
    let lake = loop {
        match duckdb::Connection::open_with_flags(lake, Config::default().access_mode(AccessMode::ReadOnly)?) {
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
            opened => break opened?,
        }
    };
    let sql = digest("wide")
        .replace("('x' || ", "('0x' || ")
        .replace("::bit(60)::bigint", "::UBIGINT")
        .replace("(extract(epoch FROM updated_at) * 1000000)::bigint", "epoch_us(updated_at)");
    let lake: String = lake.query_row(&sql, [], |row| row.get(0))?;
    println!("source {source}; lake {lake}: {}", if source == lake { "equal" } else { "DIFFERENT" });
    if source == lake { Ok(()) } else { Err("lake and source differ".into()) }
}
