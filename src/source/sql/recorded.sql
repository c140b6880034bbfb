-- What was recorded of each table since it was read: up to `n`, and with all that stood in its rows up to `m`, which may be older.
-- Most tables were read up to the same snapshot, so each is sent once.
WITH RECURSIVE
since (n, xmin, snapshot) AS (
    SELECT n, xmin::text::xid8, snapshot::pg_snapshot
    FROM unnest(:xmins, :snapshots) WITH ORDINALITY AS given (xmin, snapshot, n)
),
roots (oid, n, m) AS (SELECT * FROM unnest(:oids, :places, :versions_places)),
:relatives,
:members,
recorded AS (
    SELECT
        roots.oid,
        a.relid,
        a.shape,
        bool_or(read.is_new AND a.op = 'd') AS deletes,
        bool_or(read.is_new AND a.op IN ('t', 'x')) AS unknown,
        bool_or(read.is_new AND a.op IN ('c', 'u', 'd')) AS anything,
        bool_or(read.is_new AND a.nested) AS nested,
        bool_or(a.op IN ('c', 'u', 'd') AND a.has_image) AS versions
    -- An audit table that an earlier version made has no shapes: the name means the other one then.
    FROM (SELECT NULL::bigint AS shape) AS without
        CROSS JOIN LATERAL (
            SELECT audit.xid, audit.relid, audit.op, audit.nested, audit.new IS NOT NULL OR audit.old IS NOT NULL AS has_image, shape
            FROM pg2duck.audit
        ) AS a
        JOIN members ON members.member = a.relid
        JOIN roots ON roots.oid = members.root
        JOIN since ON since.n = roots.n
        JOIN since AS former ON former.n = roots.m AND a.xid >= former.xmin
        CROSS JOIN LATERAL (
            SELECT roots.n = roots.m OR a.xid >= since.xmin AND NOT pg_visible_in_snapshot(a.xid, since.snapshot) AS is_new
        ) AS read
    WHERE a.xid >= :oldest::text::xid8 AND NOT pg_visible_in_snapshot(a.xid, former.snapshot)
    GROUP BY roots.oid, a.relid, a.shape
)
SELECT
    recorded.oid,
    bool_or(recorded.deletes) AS deletes,
    bool_or(recorded.unknown) AS unknown,
    bool_or(recorded.anything) AS anything,
    bool_or(recorded.nested) AS nested,
    bool_or(recorded.versions) AS versions,
    bool_or(recorded.versions AND recorded.shape IS NOT NULL AND recorded.shape IS DISTINCT FROM (
        SELECT :shape FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = recorded.relid AND a.attnum > 0 AND NOT a.attisdropped
    )) AS reshaped,
    bool_or(recorded.versions AND recorded.shape IS NULL) AS shapeless
FROM recorded
GROUP BY recorded.oid
