-- What triggers record of these tables, and what they lack, where somebody could delete a row unrecorded: each of a table's relatives has
-- to have the triggers, and all of them fire in every session (`session_replication_role`). None where the role may not read what they
-- record. The fingerprint is kept in the state.
WITH RECURSIVE
roots AS (
    SELECT oid FROM pg_catalog.pg_class
    WHERE oid = ANY (:oids) AND (
        SELECT coalesce(bool_or(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')), false)
        FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid
        WHERE n.nspname = 'pg2duck' AND c.relname = 'audit'
    )
),
:relatives,
-- Columns whose values become JSON by a cast of their type's own (hstore), or as another array than they were.
one_way AS (
    SELECT a.attrelid
    FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
        LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
    WHERE a.attrelid = ANY (:oids) AND a.attnum > 0 AND NOT a.attisdropped AND (
        t.typname IN ('int2vector', 'oidvector')
        OR (e.typtype = 'd' AND e.typcategory = 'A')
        OR EXISTS (
            SELECT FROM pg_catalog.pg_cast AS c
            WHERE c.casttarget = 'pg_catalog.json'::regtype
                AND c.castsource >= 16384 AND c.castsource IN (t.oid, e.oid, t.typbasetype)
        )
    )
)
SELECT
    relatives.root AS oid,
    (array_agg(format(triggers.lack, n.nspname || '.' || c.relname) ORDER BY relatives.member)
        FILTER (WHERE triggers.lack IS NOT NULL))[1] AS lack,
    coalesce(string_agg(triggers.text, ',' ORDER BY relatives.member), '') AS fingerprint,
    -- Every version is recorded, and of rows of this table only; and what is recorded can be read back.
    sum(triggers.versions) = 2 * count(*)
        AND relatives.root NOT IN (SELECT inhrelid FROM pg_catalog.pg_inherits)
        AND relatives.root NOT IN (SELECT attrelid FROM one_way) AS full,
    -- The role may read under which shapes they were recorded.
    (
        SELECT coalesce(bool_or(has_table_privilege(c.oid, 'SELECT')), false)
        FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid
        WHERE n.nspname = 'pg2duck' AND c.relname = 'shapes'
    ) AS shapes
FROM relatives
    JOIN pg_catalog.pg_class AS c ON c.oid = relatives.member
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace,
    -- One look per relation, whatever the planner believes of how many triggers there are; as text, or it would be one per name.
    LATERAL (
        SELECT
            string_agg(relatives.member || ':' || t.tgname || ':' || t.xmin, ',' ORDER BY t.tgname)
                FILTER (WHERE t.tgenabled IN ('O', 'A')) AS text,
            count(*) > 0 AS some,
            count(*) FILTER (WHERE t.tgname IN ('pg2duck_insert', 'pg2duck_update')) AS versions,
            CASE
                WHEN bool_or(t.tgname = 'pg2duck_delete') IS NOT TRUE THEN 'trigger pg2duck_delete of %s is missing'
                -- Keys change where rows lie.
                WHEN bool_or(t.tgname IN ('zz_pg2duck_key', 'pg2duck_update')) IS NOT TRUE
                    AND (relatives.root, relatives.member) IN (SELECT root, member FROM descendants)
                    THEN 'trigger zz_pg2duck_key of %s is missing'
                ELSE min(
                    'trigger ' || t.tgname || ' of %s is '
                    || CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'A' THEN NULL ELSE 'not enabled ALWAYS' END
                )
            END AS lack
        FROM pg_catalog.pg_trigger AS t
        WHERE t.tgrelid = relatives.member
            AND t.tgname::text IN (
                'pg2duck_delete', 'pg2duck_truncate', 'zz_pg2duck_key', 'pg2duck_update', 'pg2duck_insert'
            )
    ) AS triggers
GROUP BY relatives.root
HAVING bool_or(triggers.some)
