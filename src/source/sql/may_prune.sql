-- Whether the role may delete what was recorded, which nobody may on a standby.
-- Asking for the table by name would be refused where its schema is closed.
SELECT
    NOT pg_is_in_recovery()
        AND coalesce(bool_or(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'DELETE')), false) AS may_prune
FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid
WHERE n.nspname = 'pg2duck' AND c.relname = 'audit'
