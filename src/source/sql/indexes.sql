-- The usable indexes of these tables, whole ones only. The best key comes first: the primary key, the replica identity, then the
-- narrowest.
SELECT
    i.indrelid AS oid,
    -- 0 for an expression.
    string_to_array(i.indkey::text, ' ')::int2[] AS attnums,
    i.indnkeyatts AS width,
    i.indisunique AND i.indimmediate AS is_unique
FROM pg_catalog.pg_index AS i
WHERE i.indrelid = ANY (:oids) AND i.indisvalid AND i.indpred IS NULL
ORDER BY i.indrelid, i.indisprimary DESC, i.indisreplident DESC, i.indnkeyatts, i.indexrelid
