-- The transactions that are open in this database. A session between two transactions of one message has no xact_start yet: its
-- query_start is earlier. Sessions of other roles hide both without pg_read_all_stats; such a session counts as hidden while it holds
-- a virtual transaction id, which pg_locks shows to everyone.
SELECT
    to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS now,
    to_char(
        least(now(), min(CASE WHEN a.xact_start IS NOT NULL THEN a.xact_start
                              WHEN a.state <> 'idle' THEN a.query_start END)) AT TIME ZONE 'UTC',
        'YYYY-MM-DD HH24:MI:SS.US'
    ) AS low,
    count(*) FILTER (
        WHERE (a.state = 'disabled' OR a.query = '<insufficient privilege>') AND EXISTS (
            SELECT FROM pg_catalog.pg_locks AS l
            WHERE l.pid = a.pid AND l.locktype = 'virtualxid' AND l.virtualxid = l.virtualtransaction
        )
    ) AS hidden_sessions,
    pg_is_in_recovery() AS in_recovery,
    coalesce(current_setting('pg2duck.session', true) = :token, false) AS is_ours,
    pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all
FROM pg_catalog.pg_stat_activity AS a
WHERE a.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    AND a.pid <> pg_backend_pid()
    AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
