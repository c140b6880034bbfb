-- How far the log is on the disk, in bytes; its pages' size, and how often it is flushed in any case, in milliseconds.
SELECT
    (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint AS flushed,
    current_setting('wal_block_size')::bigint AS page,
    (extract(epoch FROM current_setting('wal_writer_delay')::interval) * 1000)::bigint AS delay
