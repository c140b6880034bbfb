-- The snapshot of this transaction, and what other sessions import it by.
SELECT
    pg_snapshot_xmin(s)::text::bigint AS xmin,
    pg_snapshot_xmax(s)::text::bigint AS xmax,
    s::text AS text,
    pg_export_snapshot() AS exported
FROM (SELECT pg_current_snapshot()) AS taken (s)
