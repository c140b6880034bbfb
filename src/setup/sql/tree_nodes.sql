-- Everything that these tables are connected with by inheritance or partitioning.
:with_relatives
SELECT
    c.oid,
    n.nspname::text AS schema,
    c.relname::text AS name,
    c.relkind::text AS kind,
    c.relispartition AS is_partition,
    pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
    pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned,
    ARRAY(SELECT inhparent FROM pg_catalog.pg_inherits WHERE inhrelid = c.oid) AS parents
FROM (SELECT DISTINCT member FROM relatives) AS known
    JOIN pg_catalog.pg_class AS c ON c.oid = known.member
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
