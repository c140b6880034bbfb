-- How far this standby has replayed the log, in bytes.
SELECT coalesce((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0) AS replayed
