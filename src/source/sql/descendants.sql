-- The relations of `roots` and everything below them: partitions and children, however deep.
descendants (root, member) AS (
    SELECT oid, oid FROM roots
    UNION
    SELECT above.root, i.inhrelid
    FROM descendants AS above JOIN pg_catalog.pg_inherits AS i ON i.inhparent = above.member
)
