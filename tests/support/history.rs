//! What must hold of every table in mode `history`, whatever happened to its source.

use super::sandbox::Sandbox;

impl Sandbox {
    /// One current version per living key and none of others; of one key none overlaps another, and none is missing between.
    pub fn assert_history_is_consistent(&self, table: &str, key: &str) {
        let broken = self.lake_column(&format!(
            "SELECT concat_ws(' ', concat_ws(',', {key}), broken, _op, _valid_from, _valid_to, next_op, next_from) FROM (
                 SELECT *, CASE
                     WHEN _valid_to < _valid_from THEN 'ends before it begins'
                     WHEN _is_current <> (_valid_to IS NULL) THEN 'is current and has ended, or neither'
                     WHEN _op = 'd' AND _valid_to <> _valid_from THEN 'a delete that lasts'
                     WHEN next_op IS NULL AND _op <> 'd' AND NOT _is_current THEN 'has ended without a delete'
                     WHEN next_op IS NOT NULL AND _is_current THEN 'is current and not the last'
                     WHEN _op <> 'd' AND next_from <> _valid_to THEN 'overlap or gap'
                     WHEN _op = 'd' AND next_from < _valid_to THEN 'overlap'
                     WHEN _op = 'd' AND next_op NOT IN ('c', 'r') THEN 'comes back without an insert'
                     WHEN _op <> 'd' AND next_op NOT IN ('u', 'd', 'r') THEN 'is inserted twice'
                 END AS broken FROM (
                     SELECT *, lead(_op) OVER by_key AS next_op, lead(_valid_from) OVER by_key AS next_from
                     FROM {table} WINDOW by_key AS (PARTITION BY {key} ORDER BY rowid)))
             WHERE broken IS NOT NULL ORDER BY ALL LIMIT 10"
        ));
        assert_eq!(broken, Vec::<String>::new(), "versions of {table} that do not fit");
    }
}
