//! How a bootstrap shows that it moves: a bar on a terminal, else a log line every few seconds.

use crate::model::TableName;
use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

const LOG_EVERY: Duration = Duration::from_secs(5);

/// All bars of this process. Log lines are written around them.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// One table's bootstrap.
pub struct Progress {
    table: TableName,
    total: u64,
    rows: u64,
    resumed_at: u64,
    started: Instant,
    logged: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A copy of about `total` rows, of which `rows` were there before.
    pub fn start(table: &TableName, rows: u64, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(table, rows, total));
        let now = Instant::now();
        Self { table: table.clone(), total, rows, resumed_at: rows, started: now, logged: now, bar }
    }

    /// So many rows more.
    pub fn add(&mut self, rows: u64) {
        self.rows += rows;
        match &self.bar {
            // The estimate comes from the source's statistics and may be too low.
            Some(bar) => {
                bar.set_length(self.total.max(self.rows));
                bar.set_position(self.rows);
            }
            None if self.logged.elapsed() >= LOG_EVERY => {
                self.logged = Instant::now();
                let rate = self.rate();
                let left = self.total.saturating_sub(self.rows) as f64 / rate.max(1.0);
                tracing::info!(
                    table = %self.table, rows = self.rows, of_about = self.total.max(self.rows),
                    rows_per_second = rate as u64, seconds_left = left as u64, "copying"
                );
            }
            None => {}
        }
    }

    /// The copy is complete.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        tracing::info!(
            table = %self.table, rows = self.rows, rows_per_second = self.rate() as u64,
            seconds = format!("{:.1}", self.started.elapsed().as_secs_f64()), "read completely"
        );
    }

    fn rate(&self) -> f64 {
        (self.rows - self.resumed_at) as f64 / self.started.elapsed().as_secs_f64().max(0.001)
    }
}

fn bar(table: &TableName, rows: u64, total: u64) -> ProgressBar {
    let template = "{msg} {wide_bar} {human_pos}/{human_len} rows, {rate} rows/s, {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).with_key(
        "rate",
        |state: &ProgressState, text: &mut dyn fmt::Write| {
            // A bar that cannot be drawn is no reason to fail.
            let _ = write!(text, "{}", HumanCount(state.per_sec() as u64));
        },
    );
    let bar = BARS.add(ProgressBar::new(total).with_style(style).with_message(table.to_string()).with_position(rows));
    bar.reset_eta();
    bar
}

/// Standard error for log lines: bars step aside while a line is written.
pub struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        BARS.suspend(|| std::io::stderr().write(line))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}
