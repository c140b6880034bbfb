-- What tells the columns and the primary key of a relation from others, of its columns `a`: the triggers record it beside each row.
-- Numbers, since every statement pays for it: adding up hashes needs neither an order nor texts.
hash_numeric_extended(
    sum(hashnameextended(
        a.attname,
        hashint8extended((a.atttypmod::int8 << 8) + a.attndims::int8, (a.attnum::int8 << 32) + a.atttypid::int8)
    )),
    coalesce(
        (
            SELECT hashtextextended(concat(i.indkey) COLLATE "C", 0)
            FROM pg_catalog.pg_index AS i WHERE i.indrelid = max(a.attrelid) AND i.indisprimary
        ),
        0
    )
)
