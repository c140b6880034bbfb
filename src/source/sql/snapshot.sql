-- The snapshot of this transaction, and where the log stands: after the snapshot, so that all that it sees was written before.
SELECT
    pg_snapshot_xmin(s)::text::bigint AS xmin,
    pg_snapshot_xmax(s)::text::bigint AS xmax,
    s::text AS text,
    CASE WHEN wal.flushed < wal.written THEN wal.written END AS unflushed
FROM (SELECT pg_current_snapshot()) AS taken (s) LEFT JOIN LATERAL (:wal) AS wal ON true
