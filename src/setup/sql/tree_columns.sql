-- Their columns, and those that a generated one is made of.
:with_relatives
SELECT
    a.attrelid AS oid,
    a.attname::text AS name,
    a.atttypid AS type_oid,
    :not_null AS not_null,
    a.attgenerated <> '' AS generated,
    ARRAY(
        SELECT DISTINCT part.attname::text
        FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_attribute AS part ON part.attrelid = d.refobjid AND part.attnum = d.refobjsubid
        WHERE a.attgenerated <> '' AND part.attnum <> a.attnum
            AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid > 0
            -- Before Postgres 15 the column itself depends on them.
            AND (d.classid, d.objid, d.objsubid) IN (
                SELECT 'pg_catalog.pg_class'::regclass, a.attrelid, a.attnum::int4
                UNION ALL
                SELECT 'pg_catalog.pg_attrdef'::regclass, own.oid, 0
                FROM pg_catalog.pg_attrdef AS own WHERE own.adrelid = a.attrelid AND own.adnum = a.attnum
            )
        ORDER BY 1
    ) AS made_of
FROM (SELECT DISTINCT member FROM relatives) AS known
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = known.member
WHERE a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
