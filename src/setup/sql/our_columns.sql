-- Columns that setup added.
SELECT
    a.attrelid AS table_oid,
    n.nspname::text AS schema,
    c.relname::text AS table_name,
    a.attname::text AS name,
    pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned
FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attislocal AND c.relkind IN ('r', 'p')
    AND col_description(a.attrelid, a.attnum) LIKE :marked
