-- The files of each table and of everything below it as one fingerprint, and how large they are by the last VACUUM or ANALYZE, or, as long
-- as there was neither, by a hundred rows a page of those that the server counted, which a standby does not: 0 then. Asking how large a
-- file is waits for a lock. The files are those of this moment, whatever the snapshot. What is in the state was written by this very
-- expression.
WITH RECURSIVE
roots AS (SELECT oid FROM pg_catalog.pg_class WHERE oid = ANY (:oids)),
:descendants
SELECT
    descendants.root AS oid,
    md5(string_agg(
        member || ':' || coalesce(pg_catalog.pg_relation_filenode(member), 0) || CASE
            -- Recovery from a crash empties it and leaves no trace, but that the server counts anew from there on.
            WHEN c.relpersistence = 'u' THEN concat(':', extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()))
            ELSE ''
        END, ',' ORDER BY member
    )) AS fingerprint,
    bool_or(c.relpersistence = 'u') AS unlogged,
    count(*) AS members,
    sum(CASE
        WHEN c.relpages > 0 THEN c.relpages
        WHEN c.relkind <> 'p' AND NOT pg_is_in_recovery() THEN greatest(pg_stat_get_live_tuples(member) / 100, 1)
        ELSE 0
    END)::int8 AS pages
FROM descendants JOIN pg_catalog.pg_class AS c ON c.oid = descendants.member
GROUP BY descendants.root
