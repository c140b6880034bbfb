-- A statement fires the triggers of the relation that it names, and is recorded under that one: for rows of a table this may be
-- the table itself, something below it, or something above it.
:descendants,
:ancestors,
relatives (root, member) AS (
    SELECT root, member FROM descendants UNION SELECT root, member FROM ancestors
)
