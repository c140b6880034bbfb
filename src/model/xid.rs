//! Transaction ids: snapshots name them by 64 bits, rows by the lower 32 of them.
//!
//! The one rule: a row's transaction lies so many ids before a snapshot's `xmax` that saw the row, modulo 2^32. That is its
//! true distance as long as nothing compared with is further back than 2^32, which [`is_comparable`] guards.

const LOWER: u64 = 0xffff_ffff;

/// Whether ids from `xmin` on can be told apart by their lower 32 bits, seen from `xmax`.
pub fn is_comparable(xmin: u64, xmax: u64) -> bool {
    xmax.saturating_sub(xmin) <= LOWER
}

/// Whether the transaction that a row names is `xmin` or a later one; `xmax` is that of a snapshot which saw the row.
pub fn is_at_or_after(row: u32, xmin: u64, xmax: u64) -> bool {
    (xmax.wrapping_sub(u64::from(row)) & LOWER) <= xmax.saturating_sub(xmin)
}

/// The same as a condition on a row of Postgres.
pub fn at_or_after(xmin: u64, xmax: u64) -> String {
    format!("(({xmax} - xmin::text::bigint) & {LOWER}) <= {}", xmax.saturating_sub(xmin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_compare_with_a_snapshot_across_a_wraparound() {
        let epoch = 1_u64 << 32;
        for (row, later) in [(u32::MAX - 2, false), (u32::MAX - 1, true), (u32::MAX, true), (0, true), (10, true)] {
            assert_eq!(is_at_or_after(row, epoch - 2, epoch + 11), later, "{row}");
        }
        assert!(is_comparable(5, 5 + LOWER) && !is_comparable(5, 6 + LOWER));
    }

    #[test]
    fn a_frozen_row_is_older_than_any_snapshot() {
        assert!(!is_at_or_after(2, 1_000, 1_010));
    }
}
