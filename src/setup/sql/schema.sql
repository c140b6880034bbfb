-- Our schema, and which of our tables it has.
SELECT
    obj_description(n.oid, 'pg_namespace') AS comment,
    EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = n.oid AND relname = 'audit') AS audit,
    EXISTS (
        SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
        WHERE c.relnamespace = n.oid AND c.relname = 'audit' AND a.attname = 'shape'
    ) AS audit_shape,
    EXISTS (
        SELECT FROM pg_catalog.pg_class WHERE relnamespace = n.oid AND relname = 'audit' AND relreplident = 'f'
    ) AS audit_published,
    EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = n.oid AND relname = 'shapes') AS shapes,
    EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = n.oid AND relname = 'granted') AS granted
FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'pg2duck'
