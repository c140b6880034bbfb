-- Heap pages of the largest of a table's parts, and the estimated rows of all. Asking how large a file is waits for a lock.
WITH RECURSIVE
roots AS (SELECT oid FROM pg_catalog.pg_class WHERE oid = ANY (:oids)),
:descendants
SELECT
    coalesce(max(pg_relation_size(c.oid)), 0) / current_setting('block_size')::int8 AS pages,
    coalesce(sum(greatest(c.reltuples, 0)), 0)::int8 AS rows
FROM descendants JOIN pg_catalog.pg_class AS c ON c.oid = descendants.member
WHERE c.relkind <> 'p'
