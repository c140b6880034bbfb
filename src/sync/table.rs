//! A table to sync: what the catalog, the settings and the source's triggers say of it.

use crate::config::Deletes;
use crate::error::Error;
use crate::model::{AuditTriggers, DeletesBy, Mode, TableName};
use crate::source::Relation;
use crate::source::catalog::Selected;

/// A table to sync, its name in the lake and what it means there.
#[derive(Debug, Clone)]
pub struct TableToSync {
    pub selected: Selected,
    pub lake: TableName,
    pub mode: Mode,
    pub deletes: Deletes,
    /// The triggers that record its deletes, if there are any.
    pub audit: Option<AuditTriggers>,
    /// Its columns, key and cursor, or why it cannot be synced as it is.
    pub relation: Result<Relation, Error>,
}

impl TableToSync {
    /// The source table.
    pub fn name(&self) -> &TableName {
        &self.selected.name
    }

    /// The triggers that record its deletes, if nobody can pass them by.
    pub fn complete_audit(&self) -> Option<&AuditTriggers> {
        self.audit.as_ref().filter(|audit| audit.lack.is_none())
    }

    /// Why its triggers are there and not relied on, if so.
    pub fn lack(&self) -> Option<&str> {
        self.audit.as_ref()?.lack.as_deref()
    }

    /// What tells these triggers from others.
    pub fn fingerprint(&self) -> Option<String> {
        self.complete_audit().map(|audit| audit.fingerprint.clone())
    }

    /// Whether the lake wants every version of every row.
    pub fn keeps_versions(&self) -> bool {
        matches!(self.mode, Mode::History | Mode::Append)
    }

    /// Whether what triggers record tells what stood in its rows.
    pub fn records_rows(&self) -> bool {
        self.audit.as_ref().is_some_and(|audit| audit.full) && self.unrecorded().is_none()
    }

    /// Why its triggers record rows in vain, if they do.
    pub fn unrecorded(&self) -> Option<String> {
        let relation = self.relation.as_ref().ok()?;
        self.audit.as_ref().filter(|audit| audit.full).and_then(|_| relation.unrecorded())
    }

    /// Whether the source's triggers record every version, too.
    pub fn records_every_version(&self) -> bool {
        self.keeps_versions() && self.complete_audit().is_some() && self.records_rows()
    }

    /// Whether it is read whole at every cycle: by choice, or because its rows do not tell when they were written.
    pub fn is_read_in_full(&self) -> bool {
        self.mode.reads_in_full() || !self.selected.kind.has_xmin() || !self.selected.reads_xmin
    }

    /// How deleted rows are found.
    pub fn deletes_by(&self) -> DeletesBy {
        match (self.deletes, self.complete_audit()) {
            _ if self.is_read_in_full() => DeletesBy::FullRead,
            (Deletes::Off, _) => DeletesBy::Off,
            (Deletes::Diff, _) | (Deletes::Auto, None) => DeletesBy::Comparison,
            (Deletes::Audit, _) | (Deletes::Auto, Some(_)) => DeletesBy::Audit,
        }
    }
}
