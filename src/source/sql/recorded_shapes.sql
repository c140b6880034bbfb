-- Under which relations and shapes these rows were recorded.
:with_members,
:pending
SELECT relid, shape, coalesce(names, '') AS names FROM pending GROUP BY relid, shape, names ORDER BY min(seq)
