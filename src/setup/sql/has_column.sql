-- Whether a table has a column.
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_attribute WHERE attrelid = :oid AND attname = :column AND NOT attisdropped
) AS has_column
