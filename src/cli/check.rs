//! `pg2duck check [--json]`

use crate::check;
use crate::check::{Level, Report};
use crate::config::Config;
use crate::config::raw::RawEnv;
use crate::error::{Error, Result};

/// Prints every finding; 0 when nothing keeps a table from being synced, 1 when something does, 2 when nothing could be
/// looked at.
pub fn execute(raw: &RawEnv, json: bool) -> Result<u8> {
    let report = match Config::from_raw(raw) {
        Ok(config) => super::runtime()?.block_on(check::run(&config)),
        Err(error) => Report::refused("settings", &error),
    };
    let text = if json {
        serde_json::to_string_pretty(&report).map_err(|error| Error::config(format!("print the findings: {error}")))?
    } else {
        report.findings.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    // A reader that closed the pipe has seen enough.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("{text}\n").as_bytes());
    Ok(report.exit_code)
}

fn line(finding: &check::Finding) -> String {
    let level = match finding.level {
        Level::Ok => "ok",
        Level::Warning => "warning",
        Level::Problem => "problem",
    };
    let fix = finding.fix.as_ref().map(|fix| format!(" -> {fix}")).unwrap_or_default();
    format!("{level:<8} {}: {}{fix}", finding.subject, finding.message)
}
