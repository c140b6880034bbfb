-- A relation or function in our schema without our mark.
SELECT 'relation ' || c.relname AS object
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = 'pg2duck'::regnamespace
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND coalesce(obj_description(c.oid, 'pg_class'), '') NOT LIKE :marked
UNION ALL
SELECT 'function ' || p.proname
FROM pg_catalog.pg_proc AS p
WHERE p.pronamespace = 'pg2duck'::regnamespace AND coalesce(obj_description(p.oid, 'pg_proc'), '') NOT LIKE :marked
LIMIT 1
