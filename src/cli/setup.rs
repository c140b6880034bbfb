//! `pg2duck setup`

use crate::config::Config;
use crate::config::raw::RawEnv;
use crate::error::{Error, Result};
use crate::model::Audit;
use crate::setup;
use crate::setup::{Plan, Request, undo};
use crate::source::Connection;

/// The flags of `setup`.
#[derive(Debug, clap::Args)]
pub struct Flags {
    /// Print the SQL for review instead of running it
    #[arg(long)]
    print: bool,
    /// Only these tables, as SYNC_TABLES would name them
    #[arg(long, value_name = "LIST")]
    tables: Option<String>,
    /// What the audit triggers record [default: AUDIT, else as before, else keys]
    #[arg(long, value_enum)]
    audit: Option<Audit>,
    /// Also add `updated_at`, the trigger that moves it, and its index, where they are missing
    #[arg(long)]
    updated_at: bool,
    /// Have every change wake a listening pg2duck [default: as before, or with LISTEN=true]
    #[arg(long, overrides_with = "no_notify")]
    notify: bool,
    /// Leave out or remove the triggers that do
    #[arg(long, overrides_with = "notify")]
    no_notify: bool,
    /// The role that syncs: created if missing, and granted what it needs [default: the user of DATABASE_URL, where
    /// SETUP_DATABASE_URL is another]
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    /// Remove everything that setup ever added
    #[arg(long, conflicts_with_all = ["audit", "updated_at", "notify", "no_notify", "role"])]
    undo: bool,
}

impl Flags {
    /// The environment as these flags change it.
    pub fn narrow(&self, mut raw: RawEnv) -> RawEnv {
        if let Some(tables) = &self.tables {
            raw.sync_tables = Some(tables.clone());
            raw.postgres_table = None;
        }
        raw
    }
}

/// Prepares the source, or prints how.
pub async fn execute(config: Config, flags: Flags) -> Result<u8> {
    let mut source = Connection::open_for_setup(&config.setup_session()).await?;
    if source.one::<bool>("SELECT pg_is_in_recovery()", 0).await? {
        return Err(Error::config("setup: this server is a standby, which cannot be changed; connect to its primary"));
    }
    let plan = if flags.undo {
        undo::plan(&mut source, &config, flags.tables.is_some()).await?
    } else {
        let role = flags.role.clone().or_else(|| role_that_syncs(&config));
        let notify = if flags.no_notify { Some(false) } else { (flags.notify || config.listen).then_some(true) };
        let request = Request { audit: flags.audit.or(config.audit), updated_at: flags.updated_at, notify, role };
        setup::plan(&mut source, &config, &request).await?
    };
    if flags.print {
        show(&plan.print());
        return Ok(0);
    }
    run(&mut source, &plan).await
}

/// Where setup connects as somebody else, the usual role is the one to grant to.
fn role_that_syncs(config: &Config) -> Option<String> {
    let usual = config.source.options.get_username();
    let admin = config.setup_source.as_ref()?.options.get_username();
    (usual != admin).then(|| usual.to_owned())
}

async fn run(source: &mut Connection, plan: &Plan) -> Result<u8> {
    let failed = plan.run(source, |line| show(&format!("{line}\n"))).await?;
    for remark in &plan.remarks {
        show(&format!("note: {remark}\n"));
    }
    show(&match (plan.steps.len(), failed) {
        (0, _) => "nothing to do: everything is in place\n".to_owned(),
        (steps, 0) => format!("done: {steps} steps\n"),
        (steps, failed) => format!("{failed} of {steps} steps failed\n"),
    });
    Ok(u8::from(failed > 0))
}

/// A reader that closed the pipe has seen enough.
fn show(text: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
}
