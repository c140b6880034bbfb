-- The relations under which changes of these tables are recorded: their relatives, and those that were among them until they were
-- dropped.
members (root, member) AS (
    SELECT root, member FROM relatives
    UNION
    SELECT former.root, former.member
    FROM unnest(:former_roots, :former_members) AS former (root, member)
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = former.member)
)
