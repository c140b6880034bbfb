//! What each directive of a case does.

use crate::case::Case;
use crate::script;
use crate::support::Running;
use crate::{cells::Cell, compare};
use std::time::{Duration, Instant, SystemTime};

/// The commands of pg2duck that are directives of the same name.
const COMMANDS: [&str; 10] =
    ["once", "check", "setup", "resync", "status", "verify", "replay", "plan", "config", "init"];
/// How long `@run start` waits for a cycle at most; many cases are about one that never comes.
const FIRST_CYCLE: Duration = Duration::from_secs(10);
/// How long a `run` may take to end.
const END: Duration = Duration::from_secs(60);

/// Follows one directive; what it finds wrong is noted in the case.
pub fn follow(case: &mut Case, verb: &str, argument: &str) {
    case.tell(&format!("-- @{verb} {argument}"));
    match verb {
        "env" => {
            for (name, value) in script::settings(argument) {
                let value = case.fill(&value);
                case.settings.insert(name, value);
            }
        }
        "unenv" => script::words(argument).iter().for_each(|name| drop(case.settings.remove(name))),
        "rc" => exit_code(case, argument),
        "says" if !case.output.contains(argument) => {
            let said = tail(&case.output);
            case.fail(format!("does not say {argument:?}: {said}"));
        }
        "cmp" => match script::comparison(argument) {
            Some(comparison) => compare::check(case, &comparison),
            None => case.fail("@cmp: name a table and the columns of its key".into()),
        },
        "expect" => expect(case, argument),
        "sleep" => match argument.parse() {
            Ok(seconds) => std::thread::sleep(Duration::from_secs_f64(seconds)),
            Err(_) => case.fail(format!("@sleep {argument}: not a number of seconds")),
        },
        "run" if argument == "start" => start(case),
        "run" if argument == "stop" => stop(case),
        "show" => show(case, argument),
        // For the reader, or for other runners.
        "says" | "note" | "pg" | "rejects" => {}
        command if COMMANDS.contains(&command) => call(case, command, argument),
        unknown => case.fail(format!("unknown directive @{unknown} {argument}")),
    }
}

fn call(case: &mut Case, command: &str, argument: &str) {
    let arguments: Vec<String> = std::iter::once(command.to_owned()).chain(script::words(argument)).collect();
    let finished = case.call(&arguments);
    case.code = finished.code;
    case.output = finished.stdout + &finished.stderr;
    let said = case.output.clone();
    case.tell(&said);
    case.tell(&format!("exit code {:?}", case.code));
}

fn exit_code(case: &mut Case, expected: &str) {
    if expected.parse().ok() != case.code || case.code.is_none() {
        let (code, said) = (case.code.map_or("none".into(), |code| code.to_string()), tail(&case.output));
        case.fail(format!("exit code {code}, expected {expected}: {said}"));
    }
}

/// The end of what was said, where the reason stands.
fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(4)..];
    last.iter().map(|line| format!("\n      | {:.300}", line.trim())).collect()
}

fn expect(case: &mut Case, argument: &str) {
    let Some((sql, rows)) = argument.rsplit_once("=>") else {
        return case.fail("@expect: write a query of the lake, =>, and its rows as JSON".into());
    };
    let (sql, expected) = (sql.trim(), serde_json::from_str::<Vec<Vec<serde_json::Value>>>(rows));
    let Ok(expected) = expected else {
        return case.fail(format!("@expect: {} is no list of rows in JSON", rows.trim()));
    };
    let expected: Vec<Vec<Cell>> = expected.iter().map(|row| row.iter().map(Cell::json).collect()).collect();
    match answer(case, sql) {
        Ok(found) if found == expected => {}
        Ok(found) => case.fail(format!("{sql} gives {}, expected {}", shown(&found), shown(&expected))),
        Err(error) => case.fail(format!("{sql}: {error}")),
    }
}

fn answer(case: &Case, sql: &str) -> Result<Vec<Vec<Cell>>, String> {
    let lake = compare::open(case)?;
    let sql = format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({})", sql.trim_end_matches(';'));
    let rows = compare::rows(&lake, &sql)?;
    Ok(rows.into_iter().map(|row| row.into_iter().map(Cell::text).collect()).collect())
}

fn shown(rows: &[Vec<Cell>]) -> String {
    let row = |row: &Vec<Cell>| format!("[{}]", row.iter().map(Cell::to_string).collect::<Vec<_>>().join(", "));
    format!("[{}]", rows.iter().map(row).collect::<Vec<_>>().join(", "))
}

/// Shows what the lake answers where the case is told in full.
fn show(case: &mut Case, sql: &str) {
    let text = answer(case, sql)
        .map_or_else(|error| error, |rows| rows.iter().map(|row| shown(std::slice::from_ref(row)) + "\n").collect());
    case.tell(&text);
}

/// Starts `run` and waits until it has made a cycle, as far as `status` tells.
fn start(case: &mut Case) {
    if case.run.is_some() {
        return case.fail("@run start: it is running already".into());
    }
    let (began, at) = (Instant::now(), SystemTime::now());
    case.run = Some(case.start(&["run".to_owned()], &[("SYNC_INTERVAL_SECONDS", "1")]));
    while began.elapsed() < FIRST_CYCLE && !case.run.as_mut().is_some_and(Running::has_ended) && !has_cycled(case, at) {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// No table is being copied, and one at least was brought up to date since this moment.
fn has_cycled(case: &Case, since: SystemTime) -> bool {
    let status = case.call(&["status".to_owned(), "--json".to_owned()]);
    let Ok(report) = serde_json::from_str::<serde_json::Value>(&status.stdout) else { return false };
    let tables = report["tables"].as_array().map_or(&[][..], Vec::as_slice);
    let later = |table: &serde_json::Value| {
        // Both clocks are this machine's; the lag is counted from the end of the cycle.
        let age = table["lag_seconds"].as_f64().unwrap_or(f64::INFINITY);
        since.elapsed().is_ok_and(|elapsed| age < elapsed.as_secs_f64())
    };
    tables.iter().all(|table| table["state"] != "bootstrapping") && tables.iter().any(later)
}

/// Ends `run` as a service manager does.
pub fn stop(case: &mut Case) {
    let Some(mut run) = case.run.take() else { return };
    let log = run.log();
    case.tell(&log);
    if run.has_ended() {
        let code = run.finish().code;
        return case.fail(format!("run ended by itself with exit code {code:?}: {}", tail(&log)));
    }
    run.signal("TERM");
    run.finish_within(END);
}
