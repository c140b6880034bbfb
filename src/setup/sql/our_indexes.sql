-- Indexes that setup made, and what a failed build of one left; those of partitions go with their parent's.
SELECT
    i.indrelid AS table_oid,
    n.nspname::text AS schema,
    c.relname::text AS name,
    c.relkind = 'I' AS partitioned,
    t.relname::text AS table_name
FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
WHERE NOT c.relispartition AND (
    obj_description(c.oid, 'pg_class') LIKE :marked
    OR (NOT i.indisvalid AND c.relname LIKE 'pg2duck\_cursor\_%')
)
ORDER BY n.nspname, t.relname
