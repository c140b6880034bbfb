-- The columns of every shape that these relations were recorded under.
:with_members,
known AS (
    SELECT DISTINCT s.relid, s.shape, s.key, s.columns::text AS columns
    FROM pg2duck.shapes AS s WHERE s.relid IN (SELECT member FROM members)
)
SELECT
    known.relid,
    known.shape::text AS shape,
    known.shape IS NOT DISTINCT FROM (
        SELECT :shape FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = known.relid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS is_present,
    coalesce(known.key, '') AS key,
    (array_agg(own.name) OVER (
        PARTITION BY known.relid, known.shape ORDER BY own.attnum ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ))::text AS names,
    own.attnum,
    own.name,
    own.type_oid,
    own.typmod,
    own.dimensions,
    own.is_virtual,
    -- NULL for a type that is gone.
    CASE WHEN type.oid IS NOT NULL THEN pg_catalog.format_type(own.type_oid, own.typmod) END AS declared,
    (
        SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = known.relid AND a.attnum = own.attnum AND NOT a.attisdropped
    ) AS name_now
FROM known,
    LATERAL (
        SELECT
            (field.value ->> 0)::int2 AS attnum,
            field.value ->> 1 AS name,
            (field.value ->> 2)::oid AS type_oid,
            (field.value ->> 3)::int4 AS typmod,
            (field.value ->> 4)::int4 AS dimensions,
            -- What was recorded of it holds no value.
            coalesce(field.value ->> 5, '') = 'v' AS is_virtual
        FROM json_array_elements(known.columns::json) AS field (value)
    ) AS own
    LEFT JOIN pg_catalog.pg_type AS type ON type.oid = own.type_oid
ORDER BY known.relid, known.shape, own.attnum
