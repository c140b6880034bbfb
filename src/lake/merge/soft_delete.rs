//! Mode soft_delete: as mirror, but deleted rows stay, marked.

use super::{Merge, Rows, same_key};
use crate::model::sql::Sql;
use crate::sql;

impl Merge<'_> {
    pub(super) fn soft_delete(&self, rows: &Rows<'_>) -> Vec<Sql> {
        let mark = rows.deleted.map(|deleted| {
            sql!(
                "UPDATE {} AS target SET _deleted_at = {} FROM {} AS deleted WHERE {} AND target._deleted_at IS NULL",
                self.target,
                self.at,
                deleted,
                same_key(self.key, "target", "deleted")
            )
        });
        let upsert = rows.changed.into_iter().flat_map(|changed| [self.delete(changed), self.insert(changed)]);
        mark.into_iter().chain(upsert).collect()
    }
}
