//! Before a cycle: make sure that the source is the one that the ledger speaks of, and find the tables.

use super::outcome::Failed;
use super::table::TableToSync;
use crate::config::{Config, Deletes};
use crate::error::{Error, Kind, Result};
use crate::model::parts::Hiding;
use crate::model::{HiddenParts, Identity, RelationKind, TableName};
use crate::source::catalog::Selected;
use crate::source::{Connection, audit, catalog};
use crate::state::{Contents, TableState};
use std::collections::HashMap;

/// What there is to sync.
pub struct Found {
    pub tables: Vec<TableToSync>,
    /// Tables that are named and are not there.
    pub missing: Failed,
    /// What tells each table from itself before any later DDL, by oid. Read first: so a change that comes while the rest is looked
    /// at is noticed afterwards.
    pub fingerprints: HashMap<u32, String>,
}

impl Found {
    /// Makes sure that this table was looked for.
    ///
    /// # Errors
    /// `Config`: it is not selected.
    pub fn require(&self, table: &TableName, setting: &str) -> Result<()> {
        match self.knows(table) {
            true => Ok(()),
            false => Err(Error::config(format!("resync {table}: {setting} does not select this table"))),
        }
    }

    /// Only this table.
    #[must_use]
    pub fn narrow(mut self, only: &TableName) -> Self {
        self.missing.retain(|(name, _)| name == only);
        self.tables.retain(|table| table.name() == only);
        self
    }

    /// Leaves tables alone that have other names now, until the lake has taken in what waits of them.
    pub fn put_off(&mut self, renamed: &[(TableName, TableName)]) {
        self.tables.retain(|table| !renamed.iter().any(|(from, to)| [from, to].contains(&table.name())));
        self.missing.extend(renamed.iter().map(|(from, to)| {
            let waits = format!("it is called {to} now, which is followed once the lake has taken in what waits");
            (from.clone(), Error::new(Kind::LakeBusy, waits))
        }));
    }

    /// Whether this table was looked for, found or not.
    pub fn knows(&self, name: &TableName) -> bool {
        self.tables.iter().any(|table| table.name() == name) || self.missing.iter().any(|(missing, _)| missing == name)
    }
}

/// Finds the selected tables and describes them.
///
/// # Errors
/// `Config`: nothing is selected at all; what the server said.
pub async fn discover(source: &mut Connection, config: &Config) -> Result<Found> {
    let setting = config.selection.setting;
    let (selected, missing) = catalog::select(source, &config.selection).await?;
    if selected.is_empty() && missing.is_empty() {
        return Err(Error::config(format!("{setting}: no table of {} matches", config.source)));
    }
    let missing = missing.into_iter().map(|name| {
        let error = Error::table(format!(
            "no table {name} in {}; {setting} names it, and the role must have USAGE on its schema",
            config.source
        ));
        (name, error)
    });
    let fingerprints = catalog::fingerprints(source, selected.iter()).await?;
    let mut described: HashMap<u32, _> =
        catalog::describe(source, &selected).await?.into_iter().map(|raw| (raw.oid, raw)).collect();
    let tables = selected.into_iter().map(|selected| {
        let settings = config.tables.of(&selected.name);
        let relation = match described.remove(&selected.oid) {
            Some(raw) => raw.resolve(&settings, &config.mask_salt),
            None => Err(Error::table(format!("{} was dropped while it was looked at", selected.name))),
        };
        TableToSync {
            lake: config.lake_table.apply(&selected.name),
            mode: settings.mode,
            deletes: settings.deletes,
            audit: None,
            relation,
            selected,
        }
    });
    let mut found = Found { tables: tables.collect(), missing: missing.collect(), fingerprints };
    find_triggers(source, &mut found.tables).await?;
    Ok(found)
}

/// Which tables have their deletes recorded, seen before the snapshot: so nothing deleted since it is unrecorded.
async fn find_triggers(source: &mut Connection, tables: &mut [TableToSync]) -> Result<()> {
    let follows = |table: &TableToSync| table.deletes != Deletes::Off && !table.is_read_in_full();
    let oids: Vec<u32> = tables.iter().filter(|table| follows(table)).map(|table| table.selected.oid).collect();
    let mut covered = audit::audits(source, &oids).await?;
    for table in tables.iter_mut() {
        table.audit = covered.remove(&table.selected.oid);
    }
    Ok(())
}

/// What a session's first look at the source says of the one that the ledger speaks of.
pub struct Compared {
    /// What is known of it now.
    pub identity: Identity,
    /// Why every cursor is worth nothing, if so.
    pub reason: Option<&'static str>,
}

/// A cursor is worth nothing on another cluster, database or timeline.
pub fn compare_identity(known: Option<&Identity>, found: Identity) -> Compared {
    let differs =
        |known: &Option<String>, found: &Option<String>| matches!((known, found), (Some(a), Some(b)) if a != b);
    let reason = match known {
        Some(known) if differs(&known.system, &found.system) || known.database != found.database => {
            Some("the source is another database than before")
        }
        Some(known) if differs(&known.timeline, &found.timeline) => {
            Some("the source was restored or failed over (its timeline changed)")
        }
        _ => None,
    };
    let keep = |found: Option<String>, known: &Option<String>| found.or(known.clone());
    let identity = match known.filter(|_| reason.is_none()) {
        Some(known) => Identity {
            system: keep(found.system, &known.system),
            timeline: keep(found.timeline, &known.timeline),
            database: found.database,
        },
        None => found,
    };
    Compared { identity, reason }
}

/// Tables that go by another name now: Postgres knows them by their number, and so do we. Two may have exchanged their names. One whose
/// new name is that of a table that is gone takes over from it instead, as if it had been made anew.
pub fn renamed(ledger: &Contents, found: &Found) -> Vec<(TableName, TableName)> {
    let now: HashMap<u32, &TableName> = found.tables.iter().map(|table| (table.selected.oid, table.name())).collect();
    let renamed = |(from, known): (&TableName, &TableState)| {
        let relation = known.schema.as_ref().map(|schema| schema.relation).filter(|oid| *oid != 0)?;
        let to = now.get(&relation).filter(|to| **to != from)?;
        Some((from.clone(), (*to).clone()))
    };
    let mut renamed: Vec<(TableName, TableName)> = ledger.tables.iter().filter_map(renamed).collect();
    loop {
        let leaves = |name: &TableName| renamed.iter().any(|(from, _)| from == name);
        let Some(taken) = renamed.iter().position(|(_, to)| ledger.table(to).is_some() && !leaves(to)) else {
            return renamed;
        };
        renamed.remove(taken);
    }
}

/// Tables with parts of which settings hide columns, or did when their parts were last looked at.
pub fn hiding(found: &Found, before: &[HiddenParts]) -> Vec<Hiding> {
    let may_have_parts =
        |table: &&TableToSync| matches!(table.selected.kind, RelationKind::Partitioned | RelationKind::Other);
    let relations = found.tables.iter().filter(may_have_parts).filter_map(|table| table.relation.as_ref().ok());
    let tables = relations.map(|relation| Hiding {
        root: relation.oid,
        name: relation.name.clone(),
        columns: relation.schema.hidden().into_values().collect(),
    });
    tables.filter(|own| !own.columns.is_empty() || before.iter().any(|parts| parts.root == own.root)).collect()
}

/// Tables that the ledger knows and that are selected no more.
pub fn forgotten(ledger: &Contents, found: &Found) -> Vec<TableName> {
    ledger.tables.keys().filter(|name| !found.knows(name)).cloned().collect()
}

/// The oids of these tables.
pub fn oids<'a>(tables: impl Iterator<Item = &'a Selected>) -> Vec<u32> {
    tables.map(|selected| selected.oid).collect()
}
