-- The triggers that run them.
SELECT
    t.tgrelid AS table_oid,
    n.nspname::text AS schema,
    c.relname::text AS table_name,
    t.tgname::text AS name,
    t.tgenabled = 'A' AS always,
    t.tgenabled = 'D' AS disabled,
    t.tgparentid <> 0 AS copied,
    obj_description(t.oid, 'pg_trigger') AS comment,
    p.proname::text AS function,
    pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned
FROM pg_catalog.pg_trigger AS t
    JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
    JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE p.pronamespace = 'pg2duck'::regnamespace
ORDER BY n.nspname, c.relname, t.tgname
