//! `pg2duck resync TABLE`

use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::TableName;
use crate::state::{FolderLock, report, requests};
use crate::sync::Sync;

/// Bootstraps one table again: here, or by asking the process that owns the state folder.
pub async fn execute(config: Config, table: &str) -> Result<u8> {
    let table = parse(table, &config.selection.default_schema)?;
    if FolderLock::is_taken(&config.state_dir) {
        let known = report::read(&config.state_dir)?;
        if !known.tables.iter().any(|known| known.table == table.to_string()) {
            return Err(Error::config(format!(
                "resync {table}: the running pg2duck does not sync this table; see pg2duck status"
            )));
        }
        requests::leave(&config.state_dir, &table)?;
        eprintln!("pg2duck: the running pg2duck bootstraps {table} again at its next cycle");
        return Ok(0);
    }
    let report = Sync::open(config, super::run::install_shutdown()?)?.resync(&table).await?;
    Ok(super::once::summarize(&report))
}

/// `table` or `schema.table`; a name that holds a dot is written with its schema.
fn parse(text: &str, default_schema: &str) -> Result<TableName> {
    match text.split_once('.') {
        Some((schema, table)) if !schema.is_empty() && !table.is_empty() => Ok(TableName::new(schema, table)),
        None if !text.is_empty() => Ok(TableName::new(default_schema, text)),
        _ => Err(Error::config(format!("resync {text:?}: expected a source table as table or schema.table"))),
    }
}
