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
    /// The triggers that record its deletes, if all are in place.
    pub audit: Option<AuditTriggers>,
    /// Its columns, key and cursor, or why it cannot be synced as it is.
    pub relation: Result<Relation, Error>,
}

impl TableToSync {
    /// The source table.
    pub fn name(&self) -> &TableName {
        &self.selected.name
    }

    /// What tells these triggers from others.
    pub fn fingerprint(&self) -> Option<String> {
        self.audit.as_ref().map(|audit| audit.fingerprint.clone())
    }

    /// Whether the lake wants every version of every row.
    pub fn keeps_versions(&self) -> bool {
        matches!(self.mode, Mode::History | Mode::Append)
    }

    /// Whether the source's triggers record them, too.
    pub fn records_every_version(&self) -> bool {
        self.keeps_versions() && self.audit.as_ref().is_some_and(|audit| audit.full)
    }

    /// Whether the lake keeps deleted rows, and the source's triggers record what they were.
    pub fn records_last_states(&self) -> bool {
        self.mode == Mode::SoftDelete && self.audit.as_ref().is_some_and(|audit| audit.full)
    }

    /// Whether it is read whole at every cycle: by choice, or because its rows do not tell when they were written.
    pub fn is_read_in_full(&self) -> bool {
        self.mode.reads_in_full() || !self.selected.kind.has_xmin() || !self.selected.reads_xmin
    }

    /// How deleted rows are found.
    pub fn deletes_by(&self) -> DeletesBy {
        match (self.deletes, &self.audit) {
            _ if self.is_read_in_full() => DeletesBy::FullRead,
            (Deletes::Off, _) => DeletesBy::Off,
            (Deletes::Diff, _) | (Deletes::Auto, None) => DeletesBy::Comparison,
            (Deletes::Audit, _) | (Deletes::Auto, Some(_)) => DeletesBy::Audit,
        }
    }
}
