//! Runs the scripted cases, `tests/cases/*.sql`: every file is one test, found when this starts, so that a test can be written
//! without Rust. `tests/README.md` says how. `PG2DUCK_CASES=dir[:dir]` adds the files of other folders.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod case;
mod cells;
mod compare;
mod directives;
mod script;
mod self_test;
mod servers;
// Made for the other binary; this one needs the servers, the processes and the lake of it.
#[allow(dead_code, unused_imports)]
#[path = "../support/mod.rs"]
mod support;

use libtest_mimic::{Arguments, Trial};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let threads = std::env::var("RUST_TEST_THREADS").ok().and_then(|value| value.parse().ok());
    arguments.test_threads = arguments.test_threads.or(threads);
    let cases = match discover() {
        Ok(cases) => cases,
        Err(error) => {
            eprintln!("cases: {error}");
            return ExitCode::FAILURE;
        }
    };
    // A case tells its panics itself, with the line at which they happened.
    std::panic::set_hook(Box::new(|_| {}));
    let told = arguments.nocapture || arguments.show_output;
    let trial = |(name, path): (String, PathBuf)| {
        let own = name.clone();
        // Only what is about to be played is worth fetching a server for.
        let is_played = arguments.filter.as_ref().is_none_or(|filter| name.contains(filter)) && !arguments.list;
        let lacks = is_played && lacks_server(&path);
        Trial::test(name, move || case::play(&own, &path, told).map_err(Into::into)).with_ignored_flag(lacks)
    };
    let trials = cases.into_iter().map(trial).chain(self_test::trials()).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Whether the case is about a version of Postgres that is not to be had here. It is ignored then, and says so.
fn lacks_server(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lacks = script::version(&text).filter(|major| servers::programs_of(major).is_none());
    if let Some(major) = lacks {
        eprintln!(
            "cases: {} needs Postgres {major}, which is neither installed nor could be fetched: ignored",
            path.display()
        );
    }
    lacks.is_some()
}

/// The names and files of all cases; those of other folders bear the folder's name.
fn discover() -> Result<Vec<(String, PathBuf)>, String> {
    let mut cases = files_in(Path::new(CASES), "")?;
    for folder in std::env::var("PG2DUCK_CASES").unwrap_or_default().split(':').filter(|folder| !folder.is_empty()) {
        let folder = Path::new(folder);
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        cases.extend(files_in(folder, &format!("{name}/"))?);
    }
    Ok(cases)
}

fn files_in(folder: &Path, prefix: &str) -> Result<Vec<(String, PathBuf)>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("read {}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "sql"));
    paths.sort();
    if paths.is_empty() {
        return Err(format!("{} holds no file that ends in .sql", folder.display()));
    }
    let name = |path: &Path| format!("{prefix}{}", path.file_stem().unwrap_or_default().to_string_lossy());
    Ok(paths.into_iter().map(|path| (name(&path), path)).collect())
}
