-- The relations of `roots` and everything above them, as their rows are seen there.
ancestors (root, member) AS (
    SELECT oid, oid FROM roots
    UNION
    SELECT below.root, i.inhparent
    FROM ancestors AS below
        CROSS JOIN (SELECT false AS inhdetachpending) AS without
        CROSS JOIN LATERAL (
            SELECT inhparent FROM pg_catalog.pg_inherits WHERE inhrelid = below.member AND NOT inhdetachpending
        ) AS i
)
