//! What one cycle has to tell the lake of one table: durable, recorded in the ledger, waiting to be applied.

use super::{
    Batch, BatchKind, ComparisonProgress, DeletesBy, KeyRange, Position, SchemaChange, TableName, TableSchema,
};
use serde::{Deserialize, Serialize};

/// One table's share of an extracted cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSet {
    pub cycle: String,
    pub table: TableName,
    pub lake: TableName,
    /// How `status` names the cursor.
    pub cursor: String,
    /// How deleted rows are found.
    pub deletes: DeletesBy,
    pub schema: TableSchema,
    /// Where the next poll starts once this is applied.
    pub position: Position,
    pub payload: Payload,
}

/// What the rows are and what they do to the lake table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// All rows, in place of the lake table's; then what changed while they were read.
    Bootstrap {
        /// In the order in which they were read.
        files: Vec<Batch>,
        /// A key may occur twice in them; the later one counts.
        rewritten: bool,
        changes: Vec<Batch>,
    },
    /// What changed.
    Delta {
        /// How the lake table changes first.
        schema_change: SchemaChange,
        /// In the order in which they apply.
        changes: Vec<Batch>,
        comparison: Option<Comparison>,
    },
    /// All rows of a relation that is read in full at every cycle.
    FullRead { files: Vec<Batch> },
}

/// A comparison of keys, as far as this cycle brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    pub progress: ComparisonProgress,
    /// Ranges in which the lake's keys and the source's were found to differ.
    pub differing: Vec<KeyRange>,
}

impl ChangeSet {
    /// All files, in the order in which they apply.
    pub fn batches(&self) -> impl Iterator<Item = &Batch> {
        let (first, then): (&[Batch], &[Batch]) = match &self.payload {
            Payload::Bootstrap { files, changes, .. } => (files, changes),
            Payload::Delta { changes, .. } => (changes, &[]),
            Payload::FullRead { files } => (files, &[]),
        };
        first.iter().chain(then)
    }

    /// Those whose rows are of this kind.
    pub fn of_kind(&self, kind: BatchKind) -> impl Iterator<Item = &Batch> {
        self.batches().filter(move |batch| batch.kind == kind)
    }

    /// Rows in all batches.
    pub fn rows(&self) -> u64 {
        self.batches().map(|batch| batch.rows).sum()
    }

    /// Values of its rows that the lake cannot hold.
    pub fn rejects(&self) -> u64 {
        self.batches().map(|batch| batch.rejects).sum()
    }

    /// Whether its files hold the whole table, which takes the place of what the lake has.
    pub fn is_whole(&self) -> bool {
        matches!(self.payload, Payload::Bootstrap { .. } | Payload::FullRead { .. })
    }

    /// Whether it is a bootstrap, and not a relation that is read in full at every cycle.
    pub fn is_bootstrap(&self) -> bool {
        matches!(self.payload, Payload::Bootstrap { .. })
    }

    /// Whether a key may occur twice in the bootstrap's files.
    pub fn is_rewritten(&self) -> bool {
        matches!(self.payload, Payload::Bootstrap { rewritten: true, .. })
    }

    /// The comparison of keys that this cycle made, if it did.
    pub fn comparison(&self) -> Option<&Comparison> {
        match &self.payload {
            Payload::Delta { comparison, .. } => comparison.as_ref(),
            Payload::Bootstrap { .. } | Payload::FullRead { .. } => None,
        }
    }

    /// Ranges whose keys differ: none where nothing was compared.
    pub fn differing(&self) -> &[KeyRange] {
        self.comparison().map_or(&[], |comparison| &comparison.differing)
    }

    /// Columns that the source has added since the lake table was made.
    pub fn added(&self) -> &[String] {
        match &self.payload {
            Payload::Delta { schema_change, .. } => &schema_change.added,
            Payload::Bootstrap { .. } | Payload::FullRead { .. } => &[],
        }
    }

    /// Whether the lake has anything to do.
    pub fn has_work(&self) -> bool {
        match &self.payload {
            Payload::Bootstrap { .. } | Payload::FullRead { .. } => true,
            Payload::Delta { schema_change, changes, .. } => {
                !changes.is_empty() || !schema_change.is_empty() || !self.differing().is_empty()
            }
        }
    }
}
