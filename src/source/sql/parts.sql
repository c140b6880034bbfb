-- The partitions of these tables, however deep, and where those of their columns stand that have one of these names: in a partition that
-- may be elsewhere than in the table.
WITH RECURSIVE
roots AS (SELECT oid FROM pg_catalog.pg_class WHERE oid = ANY (:oids)),
:descendants
SELECT descendants.root, descendants.member, a.attnum, a.attname::text AS name
FROM descendants
    JOIN pg_catalog.pg_class AS c ON c.oid = descendants.member AND c.relispartition
    LEFT JOIN pg_catalog.pg_attribute AS a
        ON a.attrelid = descendants.member AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY (:names)
WHERE descendants.member <> descendants.root
