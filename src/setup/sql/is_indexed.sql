-- Whether a usable index begins with a column.
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_index AS i
        JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
        JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = :oid AND i.indisvalid AND i.indpred IS NULL
        AND am.amname IN ('btree', 'brin') AND a.attname = :column
) AS is_indexed
