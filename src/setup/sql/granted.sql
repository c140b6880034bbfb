-- What was granted to roles that still exist, and whether the object does too.
SELECT
    g.privilege,
    g.object,
    g.role::text AS role,
    CASE split_part(g.object, ' ', 1)
        WHEN 'TABLE' THEN to_regclass(substr(g.object, 7)) IS NOT NULL
        WHEN 'SCHEMA' THEN to_regnamespace(substr(g.object, 8)) IS NOT NULL
        ELSE true END AS object_exists
FROM pg2duck.granted AS g JOIN pg_catalog.pg_roles AS r ON r.rolname = g.role
