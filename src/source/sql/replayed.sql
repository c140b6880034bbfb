-- How far this standby has replayed the log, in bytes, and of which timeline: as it receives it, where the role may see that.
SELECT
    coalesce((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0) AS replayed,
    lpad(upper(to_hex(coalesce(
        (SELECT received_tli FROM pg_catalog.pg_stat_wal_receiver),
        (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint())
    ))), 8, '0') AS timeline
