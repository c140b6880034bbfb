-- What the role may do with the audit table, and how large that is.
SELECT
    has_schema_privilege(c.relnamespace, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS reads,
    has_table_privilege(c.oid, 'DELETE') AS prunes,
    c.relreplident <> 'f' AND EXISTS (
        SELECT FROM pg_catalog.pg_publication_tables AS t JOIN pg_catalog.pg_publication AS p USING (pubname)
        WHERE t.schemaname = 'pg2duck' AND t.tablename = 'audit' AND p.pubdelete
    ) AS published,
    quote_ident(current_user) AS role,
    coalesce(pg_table_size(c.oid), 0) AS bytes
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'pg2duck' AND c.relname = 'audit'
