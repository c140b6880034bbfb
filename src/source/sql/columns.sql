-- The columns of these tables, in no order.
WITH RECURSIVE
roots AS (SELECT oid FROM pg_catalog.pg_class WHERE oid = ANY (:oids) AND relhassubclass),
:descendants,
-- Columns added with a default that rows from before read without ever having been rewritten, here or in a partition.
added AS (
    SELECT descendants.root, a.attname
    FROM descendants JOIN pg_catalog.pg_attribute AS a ON a.attrelid = descendants.member
    WHERE a.atthasmissing
),
-- Where the whole table may be read, no column has to be asked about.
open AS (SELECT oid FROM pg_catalog.pg_class WHERE oid = ANY (:oids) AND has_table_privilege(oid, 'SELECT'))
SELECT
    a.attrelid AS oid,
    a.attnum,
    a.attname::text AS name,
    a.atttypid AS type_oid,
    a.atttypmod AS typmod,
    a.attndims::int4 AS dimensions,
    :not_null AS not_null,
    a.atthasmissing
        OR a.attgenerated = 'v'
        OR (a.attrelid IN (SELECT oid FROM roots) AND (a.attrelid, a.attname) IN (SELECT root, attname FROM added))
        AS has_missing,
    -- Another one changes what every row reads, and rewrites none.
    CASE WHEN a.attgenerated = 'v' THEN (
        SELECT md5(pg_catalog.pg_get_expr(d.adbin, d.adrelid)) FROM pg_catalog.pg_attrdef AS d
        WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum
    ) END AS expression,
    pg_catalog.format_type(a.atttypid, a.atttypmod) AS declared,
    a.attrelid IN (SELECT oid FROM open)
        OR coalesce(has_column_privilege(a.attrelid, a.attnum, 'SELECT'), false) AS readable
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = ANY (:oids) AND a.attnum > 0 AND NOT a.attisdropped
