//! Every mode × every way to learn of deletes, under writers that delete, insert the same key again, change keys, truncate,
//! roll back to savepoints, prepare transactions and commit late, while `run` is killed now and then.
//!
//! While they write, each table of the lake must be what its source was at the snapshot that the lake names. Afterwards one
//! more cycle makes them equal, and each mode's own promises are checked (`checks`). Short in `make test`;
//! `make soak MINUTES=10 SEED=7 MODE=history DELETES=versions` is the same for longer.

mod checks;
mod observer;
mod source;
mod workload;

use crate::support::{Random, Running, Sandbox, wait_until};
use observer::Observer;
use source::{Deletes, MODES};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use workload::{Done, WRITERS, Writer};

/// With odd seeds the process is killed at random moments, with two of four tables are truncated.
const SEEDS: [u64; 2] = [1, 2];

fn setting(name: &str) -> Option<String> {
    std::env::var(format!("PG2DUCK_SOAK_{name}")).ok().filter(|text| !text.is_empty())
}

fn number(name: &str) -> Option<u64> {
    setting(name).map(|text| text.parse().unwrap_or_else(|_| panic!("PG2DUCK_SOAK_{name}={text} is no number")))
}

fn every_mode(deletes: Deletes) {
    if setting("DELETES").is_some_and(|wanted| wanted != format!("{deletes:?}").to_lowercase()) {
        return;
    }
    let mode = setting("MODE");
    let modes: Vec<&str> = MODES.into_iter().filter(|name| mode.as_ref().is_none_or(|mode| mode == name)).collect();
    assert!(!modes.is_empty(), "PG2DUCK_SOAK_MODE={mode:?} is none of {MODES:?}");
    match number("SEED") {
        Some(seed) => hold(deletes, &modes, seed),
        None => SEEDS.into_iter().for_each(|seed| hold(deletes, &modes, seed)),
    }
}

#[test]
fn every_mode_holds_where_deleted_keys_are_recorded() {
    every_mode(Deletes::Keys);
}

#[test]
fn every_mode_holds_where_every_version_is_recorded() {
    every_mode(Deletes::Versions);
}

#[test]
fn every_mode_holds_where_keys_are_compared() {
    every_mode(Deletes::Diff);
}

fn hold(deletes: Deletes, modes: &[&str], seed: u64) {
    let (kills, truncates) = (seed % 2 == 1, seed % 4 >= 2);
    println!("hostile: {deletes:?} {modes:?} seed {seed}, kills: {kills}, truncates: {truncates}");
    let sandbox = source::sandbox(deletes, modes, seed);
    let mut run = sandbox.run();
    modes.iter().for_each(|mode| sandbox.wait_until_synced(&format!("public.as_{mode}")));

    let stop = Arc::new(AtomicBool::new(false));
    let writers = start_writers(&sandbox, modes, seed, truncates, &stop);
    let mut observer = Observer::new(&sandbox, deletes, modes);
    let (mut random, mut killed, start) = (Random::new(seed), 0, Instant::now());
    let limit = Duration::from_secs(number("SECONDS").unwrap_or(3));
    // On a busy machine a cycle takes its time.
    let is_over = |observer: &Observer<'_>| start.elapsed() > limit && observer.snapshots > 2;
    while !is_over(&observer) {
        if kills && random.chance(20) {
            // Any moment is as good as another.
            std::thread::sleep(Duration::from_millis(random.below(300)));
            run.kill();
            run = sandbox.run();
            killed += 1;
        }
        look(&sandbox, &mut run, &mut observer, is_over);
    }
    stop.store(true, Ordering::Relaxed);
    let done = join(writers);
    run.signal("TERM");
    assert_eq!(run.finish().code, Some(0));
    sandbox.once();
    if deletes == Deletes::Diff {
        // If a cycle was left waiting for the lake, the first one made up for it and compared nothing.
        sandbox.once();
    }
    println!(
        "hostile: {deletes:?} seed {seed}, {} s: {} commits, {} truncated, {killed} times killed, {} snapshots seen",
        limit.as_secs(),
        done.committed,
        done.truncated,
        observer.snapshots
    );
    modes.iter().for_each(|mode| checks::check(&sandbox, deletes, mode, &observer, done.truncated > 0));
}

fn start_writers(
    sandbox: &Sandbox,
    modes: &[&str],
    seed: u64,
    truncates: bool,
    stop: &Arc<AtomicBool>,
) -> Vec<JoinHandle<Done>> {
    let tables: Vec<String> = modes.iter().map(|mode| format!("as_{mode}")).collect();
    let writer = |number| Writer { session: sandbox.session(), number, seed, tables: tables.clone(), truncates };
    let start = |number| {
        let (writer, stop) = (writer(number), Arc::clone(stop));
        std::thread::spawn(move || writer.write(&stop))
    };
    (0..WRITERS).map(start).collect()
}

fn join(writers: Vec<JoinHandle<Done>>) -> Done {
    let mut all = Done::default();
    for writer in writers {
        let done = writer.join().expect("a writer");
        all = Done { committed: all.committed + done.committed, truncated: all.truncated + done.truncated };
    }
    all
}

/// Asks for a cycle and looks at the lake until it shows one.
fn look(sandbox: &Sandbox, run: &mut Running, observer: &mut Observer<'_>, is_over: impl Fn(&Observer<'_>) -> bool) {
    sandbox.sql("NOTIFY pg2duck");
    wait_until("the next cycle is in the lake", || {
        assert!(!run.has_ended(), "run ended:\n{}", run.log());
        observer.look() || is_over(observer)
    });
}
