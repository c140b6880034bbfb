-- What tells each relation from itself before or after any DDL: its name, its own columns, and the files of it and of everything
-- below it. Compared within a cycle only.
WITH RECURSIVE
roots AS (SELECT oid, relname, relnamespace FROM pg_catalog.pg_class WHERE oid = ANY (:oids)),
:descendants,
files AS (
    SELECT root, string_agg(
        member || ':' || coalesce(pg_catalog.pg_relation_filenode(member), 0), ',' ORDER BY member
    ) AS text
    FROM descendants GROUP BY root
),
-- Adding up needs no order.
columns AS (
    SELECT attrelid, sum(hashtextextended(
        concat_ws(':', attnum, attname, atttypid, atttypmod, attisdropped, attgenerated, atthasmissing), 0
    )) AS sum
    FROM pg_catalog.pg_attribute WHERE attrelid = ANY (:oids) AND attnum > 0 GROUP BY attrelid
)
SELECT roots.oid, concat_ws('/', n.nspname, roots.relname, md5(files.text), columns.sum) AS fingerprint
FROM roots
    JOIN files ON files.root = roots.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = roots.relnamespace
    LEFT JOIN columns ON columns.attrelid = roots.oid
