-- The relations of `roots` and everything above them.
ancestors (root, member) AS (
    SELECT oid, oid FROM roots
    UNION
    SELECT below.root, i.inhparent
    FROM ancestors AS below JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = below.member
)
