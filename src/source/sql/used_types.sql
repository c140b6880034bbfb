-- These types, and those that they are made of: a domain's base, an array's element, a composite's attributes.
used (id) AS (
    SELECT unnest(:oids)
    UNION
    SELECT part.id
    FROM used
        JOIN pg_catalog.pg_type AS t ON t.oid = used.id,
        LATERAL (
            SELECT t.typbasetype AS id WHERE t.typtype = 'd'
            UNION ALL
            SELECT t.typelem WHERE t.typcategory = 'A' AND t.typlen = -1 AND t.typtype = 'b'
            UNION ALL
            SELECT a.atttypid
            FROM pg_catalog.pg_attribute AS a
            WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        ) AS part
)
