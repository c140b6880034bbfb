-- The snapshot of this transaction.
SELECT pg_snapshot_xmin(s)::text::bigint AS xmin, pg_snapshot_xmax(s)::text::bigint AS xmax, s::text AS text
FROM (SELECT pg_current_snapshot()) AS taken (s)
