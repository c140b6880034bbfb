-- What was recorded of each table since it was read. Most tables were read up to the same snapshot, so each is sent once.
WITH RECURSIVE
since (n, xmin, snapshot) AS (
    SELECT n, xmin::text::xid8, snapshot::pg_snapshot
    FROM unnest(:xmins, :snapshots) WITH ORDINALITY AS given (xmin, snapshot, n)
),
roots (oid, n) AS (SELECT * FROM unnest(:oids, :places)),
:relatives
SELECT
    roots.oid,
    bool_or(a.op = 'd') AS deletes,
    bool_or(a.op IN ('t', 'x')) AS unknown,
    bool_or(a.op IN ('c', 'u', 'd')) AS anything,
    bool_or(a.nested) AS nested
FROM pg2duck.audit AS a
    JOIN relatives ON relatives.member = a.relid
    JOIN roots ON roots.oid = relatives.root
    JOIN since ON since.n = roots.n AND a.xid >= since.xmin
WHERE a.xid >= :oldest::text::xid8 AND NOT pg_visible_in_snapshot(a.xid, since.snapshot)
GROUP BY roots.oid
