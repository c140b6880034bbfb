-- Which of these names are relations'.
SELECT nspname::text AS schema, relname::text AS name
FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
WHERE (nspname::text, relname::text) IN (SELECT * FROM unnest(:schemas, :names))
