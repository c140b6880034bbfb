-- Whether no row has a NULL in column `a`. NOT NULL … NOT VALID (Postgres 18) says so of later rows only.
(a.attnotnull AND (a.attrelid, a.attnum) NOT IN (
    SELECT c.conrelid, c.conkey[1] FROM pg_catalog.pg_constraint AS c WHERE c.contype = 'n' AND NOT c.convalidated
))
