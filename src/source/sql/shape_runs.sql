-- The rows in the order in which they were recorded, as far as neighbours are read in the same way.
:with_members,
:pending,
parts (relid, shape, names, part) AS (SELECT * FROM unnest(:relids, :shapes, :names, :parts))
SELECT part, min(seq) AS first, max(seq) AS last
FROM (
    SELECT
        pending.seq,
        parts.part,
        row_number() OVER (ORDER BY pending.seq) - row_number() OVER (PARTITION BY parts.part ORDER BY pending.seq) AS run
    FROM pending JOIN parts ON parts.relid = pending.relid AND parts.shape = pending.shape
        AND parts.names = coalesce(pending.names, '')
) AS numbered
GROUP BY part, run
ORDER BY first
