-- The recorded rows of these relations that are not read yet, each with its shape and the names of its columns: a transaction that
-- began before its relation was changed, and wrote to it afterwards, recorded the shape of before.
pending AS (
    SELECT
        a.seq,
        a.relid,
        coalesce(a.shape::text, '') AS shape,
        (
            SELECT array_agg(field.name ORDER BY field.place)::text
            FROM json_object_keys(coalesce(a.new, a.old)) WITH ORDINALITY AS field (name, place)
        ) AS names
    FROM pg2duck.audit AS a
    WHERE a.xid >= :xmin::text::xid8 AND NOT pg_visible_in_snapshot(a.xid, :snapshot::pg_snapshot)
        AND a.op IN ('c', 'u', 'd') AND a.relid IN (SELECT member FROM members) AND coalesce(a.new, a.old) IS NOT NULL
)
