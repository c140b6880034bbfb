//! A storm of changes: random tables, rows and schemas from a seed, against every mode × every way to learn of deletes.
//!
//! After each cycle everything that the mode promises is compared with what the storm's own triggers wrote down (`oracle`,
//! `checks`). A few seeds run in `make test`; `make storm SEED=7` repeats one, `make storm MINUTES=30` runs seed after seed and
//! counts those that ended wrong, `KILLS=1` ends cycles at random as a power cut would, `SHRINK=1` looks for the fewest steps
//! that still end wrong.

mod cells;
mod checks;
mod lake;
mod oracle;
mod rows;
mod run;
mod schema;
mod shrink;
mod source;
mod step;
mod values;

use run::Run;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    Mirror,
    SoftDelete,
    History,
    Append,
}

impl Mode {
    const ALL: [Self; 4] = [Self::Mirror, Self::SoftDelete, Self::History, Self::Append];

    fn name(self) -> &'static str {
        match self {
            Self::Mirror => "mirror",
            Self::SoftDelete => "soft_delete",
            Self::History => "history",
            Self::Append => "append",
        }
    }
}

/// How pg2duck learns of deletes: by comparing keys, or by triggers that record deleted keys, or every change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deletes {
    Diff,
    Keys,
    Full,
}

impl Deletes {
    const ALL: [Self; 3] = [Self::Diff, Self::Keys, Self::Full];

    fn name(self) -> &'static str {
        match self {
            Self::Diff => "diff",
            Self::Keys => "keys",
            Self::Full => "full",
        }
    }
}

/// All that a run depends on.
#[derive(Debug, Clone, Copy)]
pub struct Storm {
    pub seed: u64,
    pub mode: Mode,
    pub deletes: Deletes,
    pub kills: bool,
    pub cycles: usize,
}

impl Storm {
    /// Twelve seeds in a row go through all modes and ways.
    fn of(seed: u64) -> Self {
        let (mode, deletes) = (Mode::ALL[seed as usize % 4], Deletes::ALL[seed as usize / 4 % 3]);
        Self { seed, mode, deletes, kills: false, cycles: 6 }
    }

    /// Runs it; the error tells all that is needed to see it again.
    fn run(self) -> Result<(), String> {
        let mut run = Run::new(self);
        let Err(wrong) = caught(|| run.go()) else { return Ok(()) };
        let (steps, wrong) =
            if setting("SHRINK").is_some() { shrink::shrink(&self, run.steps, wrong) } else { (run.steps, wrong) };
        let Self { seed, mode, deletes, .. } = self;
        let steps = step::script(&steps, &self);
        Err(format!("seed {seed} ({} {}):\n{steps}\n\n{wrong}\n", mode.name(), deletes.name()))
    }
}

/// What it answers, or what it panicked with.
fn caught(run: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).into())).unwrap_or_default())
    })
}

/// All ways of a mode, a seed each.
fn weather(mode: Mode, seeds: [u64; 3]) {
    for (deletes, seed) in Deletes::ALL.into_iter().zip(seeds) {
        let storm = Storm { mode, deletes, ..Storm::of(seed) };
        storm.run().unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

#[test]
fn a_mirror_weathers_every_change() {
    weather(Mode::Mirror, [1, 2, 3]);
}

#[test]
fn soft_deletes_weather_every_change() {
    weather(Mode::SoftDelete, [1, 2, 3]);
}

#[test]
fn a_history_weathers_every_change() {
    weather(Mode::History, [1, 2, 3]);
}

#[test]
fn appended_versions_weather_every_change() {
    weather(Mode::Append, [1, 2, 3]);
}

fn setting(name: &str) -> Option<String> {
    std::env::var(format!("PG2DUCK_STORM_{name}")).ok().filter(|text| !text.is_empty())
}

fn number(name: &str) -> Option<u64> {
    setting(name).map(|text| text.parse().unwrap_or_else(|_| panic!("PG2DUCK_STORM_{name}={text} is no number")))
}

/// The storm of a seed, as the settings would have it.
fn asked(seed: u64) -> Storm {
    let mut storm = Storm { kills: number("KILLS").unwrap_or(0) > 0, ..Storm::of(seed) };
    if let Some(name) = setting("MODE") {
        storm.mode = Mode::ALL.into_iter().find(|mode| mode.name() == name).expect("MODE is one of the modes");
    }
    if let Some(name) = setting("DELETES") {
        storm.deletes = Deletes::ALL.into_iter().find(|own| own.name() == name).expect("DELETES is diff, keys or full");
    }
    storm.cycles = number("CYCLES").unwrap_or(storm.cycles as u64) as usize;
    storm
}

#[test]
#[ignore = "as long as is asked for: make storm"]
fn as_long_as_is_asked_for() {
    let (first, minutes) = (number("SEED").unwrap_or(1), number("MINUTES").unwrap_or(0));
    let (start, next) = (Instant::now(), AtomicU64::new(first));
    let counts: Mutex<BTreeMap<(Mode, Deletes), [u32; 2]>> = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > first && start.elapsed() >= Duration::from_secs(minutes * 60) {
                return;
            }
            let storm = asked(seed);
            let outcome = storm.run();
            let mut counts = counts.lock().expect("no run panics");
            let [all, wrong] = counts.entry((storm.mode, storm.deletes)).or_default();
            *all += 1;
            *wrong += u32::from(outcome.is_err());
            println!(
                "storm: seed {seed} {} {}: {}",
                storm.mode.name(),
                storm.deletes.name(),
                outcome.err().as_deref().unwrap_or("right")
            );
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..if minutes > 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { 1 } {
            scope.spawn(work);
        }
    });
    let counts = counts.into_inner().expect("no run panics");
    for ((mode, deletes), [all, wrong]) in &counts {
        println!("storm: {} {}: {wrong} of {all} ended wrong", mode.name(), deletes.name());
    }
    let wrong: u32 = counts.values().map(|[_, wrong]| wrong).sum();
    assert_eq!(wrong, 0, "storms that ended wrong");
}
