-- The BEFORE UPDATE row triggers of a table. In tgtype, 1 is row, 2 before, 16 update.
SELECT
    t.tgname::text AS name,
    p.prosrc AS body,
    t.tgqual IS NULL AND t.tgattr::text = '' AND t.tgenabled IN ('O', 'A') AS unconditional,
    p.proname = 'moddatetime' AND encode(t.tgargs, 'escape') = :column || '\000' AS is_moddatetime,
    l.lanname IN ('plpgsql', 'sql') AS legible
FROM pg_catalog.pg_trigger AS t
    JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
WHERE t.tgrelid = :oid AND t.tgtype & 19 = 19
ORDER BY t.tgname
