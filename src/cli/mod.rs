//! The commands, one file each. Settings come from the environment; flags only say what to do with them.

pub mod check;
pub mod once;
pub mod plan;
pub mod purge;
pub mod resync;
pub mod run;
pub mod setup;
pub mod status;

mod logging;

use crate::config::Config;
use crate::config::raw::RawEnv;
use crate::error::Result;
use clap::{Parser, Subcommand};

/// Keeps a DuckDB file in step with a Postgres database by polling.
///
/// Configured by environment variables: at least DATABASE_URL (or POSTGRES_HOST …) and SYNC_TABLES (or POSTGRES_TABLE).
/// Exit codes: 0 all is well, 1 some table failed, 2 bad configuration.
#[derive(Debug, Parser)]
#[command(name = "pg2duck", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sync for ever, every SYNC_INTERVAL_SECONDS, until SIGTERM
    Run,
    /// Sync once, then exit: for cron
    Once {
        /// Delete what is gone from the source, however large a share of a table it is (past DELETE_BRAKE)
        #[arg(long)]
        allow_mass_delete: bool,
    },
    /// Say what the next cycle would do with each table, and why, without doing it
    Plan {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Look at source, settings, lake and disks, and say what to fix; changes nothing
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Prepare the source: audit triggers that record deletes, `updated_at`, the role that syncs
    Setup(setup::Flags),
    /// Show where every table stands; works beside a running pg2duck
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Bootstrap one table again, at once or by the pg2duck that is running
    Resync {
        /// The source table: table or schema.table
        table: String,
        /// Where its mode has changed, drop what the lake kept in the former one: versions, deleted rows
        #[arg(long)]
        drop_history: bool,
    },
    /// Remove a table's Parquet files that the lake has applied, and write the lake file anew: nothing is left of what a column held
    /// that is left out or masked by now
    Purge {
        /// The source table: table or schema.table
        table: String,
    },
}

/// Runs the command; the answer is the exit code.
///
/// # Errors
/// What ended the command; `retry::exit_code` maps it.
pub fn execute(cli: Cli) -> Result<u8> {
    let raw = RawEnv::from_process();
    match cli.command {
        Command::Status { json } => status::execute(&raw, json),
        Command::Check { json } => check::execute(&raw, json),
        Command::Run => on_runtime(&raw, run::execute),
        Command::Plan { json } => on_runtime(&raw, async |config| plan::execute(config, json).await),
        Command::Once { allow_mass_delete } => {
            on_runtime(&raw, async |config| once::execute(config, allow_mass_delete).await)
        }
        Command::Setup(flags) => on_runtime(&flags.narrow(raw), async |config| setup::execute(config, flags).await),
        Command::Resync { table, drop_history } => {
            on_runtime(&raw, async |config| resync::execute(config, &table, drop_history).await)
        }
        Command::Purge { table } => on_runtime(&raw, async |config| purge::execute(config, &table)),
    }
}

/// Validates the configuration, starts logging, and runs on two threads: one for the source's socket, one for whatever
/// blocks.
fn on_runtime(raw: &RawEnv, command: impl AsyncFnOnce(Config) -> Result<u8>) -> Result<u8> {
    let config = Config::from_raw(raw)?;
    logging::start(config.log_format, &config.log_filter)?;
    runtime()?.block_on(command(config))
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| crate::Error::config(format!("start: cannot create threads: {error}")))
}
