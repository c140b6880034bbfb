-- Their columns.
:with_relatives
SELECT a.attrelid AS oid, a.attname::text AS name, a.atttypid AS type_oid, a.attnotnull AS not_null
FROM (SELECT DISTINCT member FROM relatives) AS known
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = known.member
WHERE a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
