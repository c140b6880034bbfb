-- How far the log is written and how far it is on the disk, in bytes; no row on a standby, where only what is on its primary's disk
-- arrives. Behind a page's header nothing is written yet: 24 bytes, and 40 where a segment begins.
SELECT
    written - CASE WHEN written % pg_size_bytes(current_setting('wal_segment_size')) = 40 THEN 40
                   WHEN written % current_setting('wal_block_size')::bigint = 24 THEN 24 ELSE 0 END AS written,
    flushed
FROM (
    SELECT
        (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint AS written,
        (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint AS flushed
    WHERE :tells_flush AND NOT pg_is_in_recovery()
) AS positions
