-- The tables in which the rows of a partitioned table lie.
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name
FROM pg_catalog.pg_partition_tree(:oid) AS t
    JOIN pg_catalog.pg_class AS c ON c.oid = t.relid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE t.isleaf AND c.relkind = 'r'
ORDER BY n.nspname, c.relname
