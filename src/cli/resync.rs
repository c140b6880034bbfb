//! `pg2duck resync TABLE`

use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::TableName;
use crate::state::records::BootstrapReason;
use crate::state::requests::What;
use crate::state::{FolderLock, report, requests};
use crate::sync::Sync;

/// Bootstraps one table again: here, or by asking the process that owns the state folder.
pub async fn execute(config: Config, table: &str, drop_history: bool) -> Result<u8> {
    let table = parse("resync", table, &config.selection.default_schema)?;
    if FolderLock::is_taken(&config.state_dir) {
        ask(&config, &table, if drop_history { What::ResyncDroppingHistory } else { What::Resync })?;
        eprintln!("pg2duck: the running pg2duck bootstraps {table} again at its next cycle");
        return Ok(0);
    }
    let reason = if drop_history { BootstrapReason::ResyncDroppingHistory } else { BootstrapReason::Resync };
    let report = Sync::open(config, super::run::install_shutdown()?)?.resync(&table, reason).await?;
    Ok(super::once::summarize(&report))
}

/// Leaves a request for the running process.
///
/// # Errors
/// `Config`: it does not sync this table.
pub(super) fn ask(config: &Config, table: &TableName, what: What) -> Result<()> {
    let known = report::read(&config.state_dir)?;
    if !known.tables.iter().any(|known| known.table == table.to_string()) {
        let (what, sorry) = (what.name(), "the running pg2duck does not sync this table; see pg2duck status");
        return Err(Error::config(format!("{what} {table}: {sorry}")));
    }
    requests::leave(&config.state_dir, table, what)
}

/// `table` or `schema.table`; a name that holds a dot is written with its schema.
pub(super) fn parse(command: &str, text: &str, default_schema: &str) -> Result<TableName> {
    match text.split_once('.') {
        Some((schema, table)) if !schema.is_empty() && !table.is_empty() => Ok(TableName::new(schema, table)),
        None if !text.is_empty() => Ok(TableName::new(default_schema, text)),
        _ => Err(Error::config(format!("{command} {text:?}: expected a source table as table or schema.table"))),
    }
}
