//! What one cycle has to tell the lake of one table: durable, recorded in the ledger, waiting to be applied.

use super::{Batch, BatchKind, ComparisonProgress, DeletesBy, KeyRange, Position, SyncRow, TableName, TableSchema};
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
    /// Which database it is of, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Databases whose place that one took, under the same state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub succeeds: Vec<String>,
    /// What was recorded while the table had another shape, oldest first: it comes before everything else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
    /// What the lake table kept in another mode may be dropped.
    #[serde(default)]
    pub drops_history: bool,
    /// The name under which the lake knows the table, where it was renamed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<TableName>,
    pub payload: Payload,
}

/// Versions of rows that were recorded while the table had another shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// The table as it was then: names, types and key; the attnums tell which columns of today they are.
    pub schema: TableSchema,
    /// All of kind `Versions`.
    pub files: Vec<Batch>,
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
        /// The lake table changes first: the source's columns are not what they were.
        #[serde(default)]
        schema_changed: bool,
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
    /// All rows of these ranges were read, not only their keys.
    #[serde(default)]
    pub repairs: bool,
}

impl ChangeSet {
    /// Whether this line of the lake speaks of the table that goes by `name` in the set's database. A line of an earlier version does not
    /// say whose it is: what the ledger took for its own before is, and what stands where the set is to stand.
    pub fn owns(&self, row: &SyncRow, name: &TableName) -> bool {
        let is_own = match (&row.origin, &self.origin) {
            (Some(before), Some(now)) => before == now || self.succeeds.contains(before),
            (None, Some(_)) => !self.is_whole() || row.lake.same_in_duckdb(&self.lake),
            (_, None) => true,
        };
        row.source == *name && is_own
    }

    /// All files, in the order in which they apply.
    pub fn batches(&self) -> impl Iterator<Item = &Batch> {
        let (first, then): (&[Batch], &[Batch]) = match &self.payload {
            Payload::Bootstrap { files, changes, .. } => (files, changes),
            Payload::Delta { changes, .. } => (changes, &[]),
            Payload::FullRead { files } => (files, &[]),
        };
        self.earlier.iter().flat_map(|earlier| &earlier.files).chain(first).chain(then)
    }

    /// Those of the table's present shape whose rows are of this kind.
    pub fn of_kind(&self, kind: BatchKind) -> impl Iterator<Item = &Batch> {
        let earlier = self.earlier.iter().map(|earlier| earlier.files.len()).sum();
        self.batches().skip(earlier).filter(move |batch| batch.kind == kind)
    }

    /// Rows in all batches but those that are only compared.
    pub fn rows(&self) -> u64 {
        self.batches().filter(|batch| batch.kind != BatchKind::Present).map(|batch| batch.rows).sum()
    }

    /// Values of its rows that the lake cannot hold.
    pub fn rejects(&self) -> u64 {
        self.batches().map(|batch| batch.rejects).sum()
    }

    /// Whether its files hold the whole table, which takes the place of what the lake has.
    pub fn is_whole(&self) -> bool {
        matches!(self.payload, Payload::Bootstrap { .. } | Payload::FullRead { .. })
    }

    /// Whether the lake table's columns may have to change before it can be applied.
    pub fn may_change_shape(&self) -> bool {
        let changed = matches!(self.payload, Payload::Delta { schema_changed: true, .. });
        changed || self.is_whole() || !self.earlier.is_empty()
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

    /// Whether the lake has anything to do.
    pub fn has_work(&self) -> bool {
        match &self.payload {
            Payload::Bootstrap { .. } | Payload::FullRead { .. } => true,
            Payload::Delta { schema_changed, changes, .. } => {
                !(changes.is_empty() && self.earlier.is_empty() && self.differing().is_empty()) || *schema_changed
            }
        }
    }
}
