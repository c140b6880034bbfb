-- Relations that a selection may take in: tables where it has a wildcard, whatever else there is by its name.
WITH RECURSIVE
-- What keeps rows elsewhere than in a heap: such rows do not tell which transaction wrote them. What has it below itself is no better.
roots AS (
    SELECT c.oid
    FROM pg_catalog.pg_class AS c LEFT JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
    WHERE c.relkind = 'f' OR (c.relkind IN ('r', 'p') AND coalesce(am.amname, 'heap') <> 'heap')
),
:ancestors
SELECT
    c.oid,
    n.nspname::text AS schema,
    c.relname::text AS name,
    c.relkind::text AS kind,
    c.relispartition AS is_partition,
    -- NULL where it was dropped at this moment.
    has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT') AS may_read,
    c.relkind IN ('r', 'p') AND c.oid IN (SELECT member FROM ancestors) AS other_storage,
    -- The role may read where a row stands, and which transaction wrote it.
    CASE WHEN c.relkind IN ('r', 'p')
         THEN coalesce(has_column_privilege(c.oid, (-1)::int2, 'SELECT')
                       AND has_column_privilege(c.oid, (-2)::int2, 'SELECT'), false)
         ELSE true END AS reads_xmin
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pg2duck')
    AND (c.relname = ANY (:named) OR (:wildcard AND c.relkind IN ('r', 'p') AND NOT c.relispartition))
ORDER BY n.nspname, c.relname
