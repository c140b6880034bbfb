//! `pg2duck status [--json]`: reads the state only, so it works beside a running process and without the source.

use crate::config::raw::RawEnv;
use crate::config::state_dir;
use crate::error::{Error, Result};
use crate::state::report;
use crate::state::report::{Phase, Report, TableReport};

/// Prints where every table stands; 0 when all are synced.
pub fn execute(raw: &RawEnv, json: bool) -> Result<u8> {
    let report = report::read(&state_dir(raw)?)?;
    let text = if json {
        serde_json::to_string_pretty(&report).map_err(|error| Error::config(format!("print status: {error}")))?
    } else {
        table(&report)
    };
    // A reader that closed the pipe has seen enough.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("{text}\n").as_bytes());
    Ok(u8::from(!report.is_healthy()))
}

fn table(report: &Report) -> String {
    let heads = ["TABLE", "LAKE TABLE", "MODE", "STATE", "ROWS", "LAST SYNC", "CURSOR", "DELETES", "PENDING"]
        .map(str::to_owned);
    let lines: Vec<[String; 9]> = std::iter::once(heads).chain(report.tables.iter().map(line)).collect();
    let mut text = String::new();
    for line in &lines {
        for (column, cell) in line.iter().enumerate() {
            let width = lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
            text.push_str(&format!("{cell:<width$}  "));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    for copied in report.tables.iter().filter(|table| table.copy_reason.is_some()) {
        let reason = copied.copy_reason.as_deref().unwrap_or_default();
        text.push_str(&format!("\n{} is bootstrapped again: {reason}\n", copied.table));
    }
    for table in report.tables.iter().filter(|table| table.rejects > 0) {
        let (name, count) = (&table.table, table.rejects);
        text.push_str(&format!(
            "\n{name}: {count} values that the lake cannot hold are NULL there: FROM _pg2duck.rejects\n"
        ));
    }
    for table in report.tables.iter().filter(|table| !table.left_out.is_empty()) {
        text.push_str(&format!("\n{}: not copied: {}\n", table.table, table.left_out.join(", ")));
    }
    for failed in report.tables.iter().filter(|table| table.error.is_some()) {
        text.push_str(&format!("\n{}: {}\n", failed.table, failed.error.as_deref().unwrap_or_default()));
    }
    if let Some(error) = &report.error {
        text.push_str(&format!("\nthe last cycle failed: {error}\n"));
    }
    if let Some(reason) = &report.held_back {
        text.push_str(&format!("\nnote: {reason}\n"));
    }
    text.truncate(text.trim_end().len());
    text
}

fn line(table: &TableReport) -> [String; 9] {
    let dash = || "-".to_owned();
    let state = match table.state {
        Phase::Synced => "synced",
        Phase::Bootstrapping => "bootstrapping",
        Phase::Failed => "failed",
        Phase::WaitingForLake => "waiting for lake",
    };
    [
        table.table.clone(),
        table.lake_table.clone().unwrap_or_else(dash),
        table.mode.map_or_else(dash, str::to_owned),
        state.to_owned(),
        table.rows.map_or_else(dash, |rows| rows.to_string()),
        table.lag_seconds.map_or_else(dash, |seconds| format!("{} ago", ago(seconds))),
        table.cursor_column.clone().unwrap_or_else(dash),
        table.deletes.map_or_else(dash, str::to_owned),
        table.pending_batches.to_string(),
    ]
}

fn ago(seconds: f64) -> String {
    match seconds as u64 {
        short @ 0..120 => format!("{short} s"),
        minutes @ 120..7200 => format!("{} min", minutes / 60),
        hours @ 7200..172_800 => format!("{} h", hours / 3600),
        days => format!("{} d", days / 86_400),
    }
}
