-- What there is to know of these types and of their parts.
WITH RECURSIVE :used_types
SELECT
    t.oid,
    CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE 0::oid END AS base,
    -- Money has no typmod: its number of decimals stands in for one.
    CASE t.oid WHEN 'pg_catalog.money'::regtype THEN scale(0::money::numeric) ELSE t.typtypmod END AS base_typmod,
    t.typndims AS base_dimensions,
    CASE WHEN t.typcategory = 'A' AND t.typlen = -1 AND t.typtype = 'b' THEN t.typelem ELSE 0::oid END AS element,
    t.typtype = 'e' AS is_enum,
    t.typtype = 'c' AS is_composite,
    e.extname::text AS extension,
    t.typname::text AS name,
    EXISTS (
        SELECT FROM pg_catalog.pg_cast AS c
        WHERE c.castsource = t.oid AND c.casttarget = 'pg_catalog.text'::regtype AND c.castmethod = 'f'
    ) AS casts_to_text
FROM pg_catalog.pg_type AS t
    LEFT JOIN pg_catalog.pg_depend AS d
        ON d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
    LEFT JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
WHERE t.oid IN (SELECT id FROM used)
