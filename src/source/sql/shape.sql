-- What tells the columns and the primary key of a relation from others, of its columns `a`: the triggers record it beside each row.
hashtextextended(concat_ws(';',
    string_agg(
        concat_ws(' ', a.attnum, a.atttypid, a.atttypmod, a.attndims, quote_ident(a.attname)), ',' ORDER BY a.attnum
    ),
    (SELECT i.indkey FROM pg_catalog.pg_index AS i WHERE i.indrelid = max(a.attrelid) AND i.indisprimary)
) COLLATE "C", 0)
