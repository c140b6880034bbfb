//! Plain values that the other folders hand to each other: what a table is, where it stands, what has changed.
//!
//! No I/O, and nothing of another folder: a test (`tests/architecture`) reads the `use` lines.

pub mod name;
pub mod sql;

pub mod column;
pub mod mode;
pub mod options;
pub mod table;

pub mod drift;

pub mod audit;
pub mod position;
pub mod snapshot;
pub mod xid;

pub mod batch;
pub mod change_set;
pub mod range;

pub mod progress;

pub mod file;
pub mod outcome;
pub mod parts;

pub use audit::{AuditSummary, AuditTriggers, Audited, Since};
pub use batch::{Batch, BatchKind};
pub use change_set::{ChangeSet, Earlier, Payload};
pub use column::{Column, ColumnType, Read, version_columns};
pub use drift::Drift;
pub use file::{FileIdentity, FileState};
pub use mode::Mode;
pub use name::TableName;
pub use options::{Audit, CharAs, DeletesBy, NumericAs, ReadAs, RejectPolicy};
pub use outcome::{Counts, Freshness, News, SyncRow};
pub use parts::{HiddenParts, PartColumn};
pub use position::{Activity, Fence, FullScan, Horizon, Low, Position};
pub use progress::{BootstrapProgress, ComparisonProgress};
pub use range::{Digest, KeyRange};
pub use snapshot::{Identity, Probe, Snapshot};
pub use table::{Cursor, CursorKind, LeftOut, RelationKind, SourceColumn, TableSchema};
