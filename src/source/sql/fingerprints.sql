-- What tells each relation from itself before or after any DDL: its name, its own columns, and the files of it and of everything
-- below it. The catalog's own versions of the rows tell also of a name that went to another relation and came back meanwhile: relations
-- are read by name. Compared within a cycle only.
WITH RECURSIVE
roots AS (SELECT oid, relname, relnamespace, xmin::text AS version FROM pg_catalog.pg_class WHERE oid = ANY (:oids)),
:descendants,
-- Adding up hashes needs no order.
files AS (
    SELECT
        root,
        count(*) AS members,
        sum(hashint8extended(coalesce(pg_catalog.pg_relation_filenode(member), 0)::int8, member::int8)) AS sum
    FROM descendants GROUP BY root
),
-- A column's row is only ever replaced, by a later transaction, and stays when the column is dropped: so the sum of them tells whatever
-- was done to any.
columns AS (
    SELECT attrelid, count(*) AS columns, sum(xmin::text::int8) AS sum
    FROM pg_catalog.pg_attribute WHERE attrelid = ANY (:oids) AND attnum > 0 GROUP BY attrelid
)
SELECT
    roots.oid,
    n.nspname::text AS schema,
    roots.relname::text AS name,
    concat_ws('/', n.nspname, n.xmin, roots.relname, roots.version, files.members, files.sum, columns.columns, columns.sum) AS fingerprint
FROM roots
    JOIN files ON files.root = roots.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = roots.relnamespace
    LEFT JOIN columns ON columns.attrelid = roots.oid
