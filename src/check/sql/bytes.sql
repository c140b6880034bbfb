-- The bytes that these tables take, indexes left out. Asking how large a file is waits for a lock: where somebody has that, it is
-- what the last VACUUM or ANALYZE found.
WITH RECURSIVE
roots AS (SELECT oid FROM pg_catalog.pg_class WHERE oid = ANY (:oids)),
:descendants,
locked AS (
    SELECT l.relation
    FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_database AS d ON d.oid = l.database
    WHERE d.datname = current_database() AND l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
)
SELECT coalesce(sum(
    CASE WHEN c.oid IN (SELECT relation FROM locked)
         THEN greatest(c.relpages, 0)::int8 * current_setting('block_size')::int8
         ELSE pg_table_size(c.oid) END
), 0)::int8 AS bytes
FROM (SELECT DISTINCT member FROM descendants) AS known JOIN pg_catalog.pg_class AS c ON c.oid = known.member
