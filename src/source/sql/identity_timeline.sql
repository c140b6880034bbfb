-- The timeline that the server writes; of a standby the one of its last restart point: one that was built anew from another primary has
-- that primary's.
SELECT CASE
    WHEN pg_is_in_recovery() THEN (SELECT lpad(upper(to_hex(timeline_id)), 8, '0') FROM pg_catalog.pg_control_checkpoint())
    ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)
END
