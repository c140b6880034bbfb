//! What a lake table means: the modes, and the columns that each adds to the source's.

use serde::{Deserialize, Serialize};

/// What a lake table keeps of its source (`SYNC_MODE`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The source's rows as they are.
    #[default]
    Mirror,
    /// As mirror, but deleted rows stay, with `_deleted_at`.
    SoftDelete,
    /// Every known version of every row (slowly changing dimension, type 2).
    History,
    /// Every known change, appended; nothing is ever updated.
    Append,
    /// The whole table, replaced at every cycle; needs neither key nor cursor.
    Full,
    /// The whole table, appended at every cycle.
    FullAppend,
}

/// A column that a mode adds, and its DuckDB type.
pub type MetadataColumn = (&'static str, &'static str);

const AT: &str = "TIMESTAMP WITH TIME ZONE";
/// The instant of the cycle that wrote the row.
pub const SYNCED_AT: MetadataColumn = ("_synced_at", AT);

impl Mode {
    /// All modes by name.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("mirror", Self::Mirror),
        ("soft_delete", Self::SoftDelete),
        ("history", Self::History),
        ("append", Self::Append),
        ("full", Self::Full),
        ("overwrite", Self::Full),
        ("full_append", Self::FullAppend),
    ];

    /// As settings and `status` spell it.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, mode)| *mode == self).map_or("mirror", |(name, _)| name)
    }

    /// The columns that the lake table has beside the source's.
    pub fn metadata(self) -> &'static [MetadataColumn] {
        match self {
            Self::Mirror | Self::Full => &[],
            Self::SoftDelete => &[("_deleted_at", AT), ("_op", "VARCHAR")],
            Self::History => &[("_valid_from", AT), ("_valid_to", AT), ("_is_current", "BOOLEAN"), ("_op", "VARCHAR")],
            Self::Append => &[
                SYNCED_AT,
                ("_op", "VARCHAR"),
                ("_before", "JSON"),
                ("_changed_at", AT),
                ("_seq", "BIGINT"),
                ("_xid", "BIGINT"),
            ],
            Self::FullAppend => &[SYNCED_AT, ("_op", "VARCHAR")],
        }
    }

    /// Whether the whole relation is read at every cycle.
    pub fn reads_in_full(self) -> bool {
        matches!(self, Self::Full | Self::FullAppend)
    }

    /// Whether the lake table keeps what the source does not have any more: versions, or deleted rows.
    pub fn keeps_the_past(self) -> bool {
        !matches!(self, Self::Mirror | Self::Full)
    }

    /// Whether one key has one row, so that the key can be declared.
    pub fn has_one_row_per_key(self) -> bool {
        matches!(self, Self::Mirror | Self::SoftDelete | Self::Full)
    }
}
