-- The attributes of the composites among these types and their parts; a row of NULLs for one that has none.
WITH RECURSIVE :used_types
SELECT
    t.oid,
    a.attname::text AS name,
    a.atttypid AS type_oid,
    a.atttypmod AS typmod,
    a.attndims::int4 AS dimensions
FROM used
    JOIN pg_catalog.pg_type AS t ON t.oid = used.id AND t.typtype = 'c'
    LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY t.oid, a.attnum
