-- The files of each table and of everything below it as one fingerprint, and how large they are by the last VACUUM or ANALYZE. The
-- files are those of this moment, whatever the snapshot. What is in the state was written by this very expression.
WITH RECURSIVE
roots AS (SELECT oid FROM pg_catalog.pg_class WHERE oid = ANY (:oids)),
:descendants
SELECT
    descendants.root AS oid,
    md5(string_agg(
        member || ':' || coalesce(pg_catalog.pg_relation_filenode(member), 0), ',' ORDER BY member
    )) AS fingerprint,
    count(*) AS members,
    sum(c.relpages) AS pages
FROM descendants JOIN pg_catalog.pg_class AS c ON c.oid = descendants.member
GROUP BY descendants.root
