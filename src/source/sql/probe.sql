-- Which transactions there are, and whether this session is still ours: it has no token before it is configured.
SELECT
    to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS now,
    pg_current_snapshot()::text AS snapshot,
    pg_is_in_recovery() AS in_recovery,
    coalesce(current_setting('pg2duck.session', true) = :token, :token IS NULL) AS is_ours
