-- The relations of `roots` and everything below them: partitions and children, however deep. A partition whose DETACH CONCURRENTLY
-- waits is none any more; before Postgres 14 there was no such thing, and the name means the other one.
descendants (root, member) AS (
    SELECT oid, oid FROM roots
    UNION
    SELECT above.root, i.inhrelid
    FROM descendants AS above
        CROSS JOIN (SELECT false AS inhdetachpending) AS without
        CROSS JOIN LATERAL (
            SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = above.member AND NOT inhdetachpending
        ) AS i
)
