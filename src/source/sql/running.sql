-- Which transactions a standby does not know to have committed, and the first that it has not heard the end of. Its own snapshots do not
-- list them.
SELECT
    pg_snapshot_xmax(s)::text::bigint AS next,
    ARRAY(
        SELECT xid FROM generate_series(pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint - 1) AS known (xid)
        WHERE pg_xact_status(xid::text::xid8) IS DISTINCT FROM 'committed'
    ) AS running
FROM (SELECT pg_current_snapshot()) AS taken (s)
