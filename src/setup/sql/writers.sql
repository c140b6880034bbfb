-- Roles that may write to the audit table, and to that of shapes.
SELECT pg_catalog.pg_get_userbyid(a.grantee)::text AS role
FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS a
WHERE c.relnamespace = 'pg2duck'::regnamespace AND c.relname IN ('audit', 'shapes') AND a.privilege_type = 'INSERT'
GROUP BY a.grantee
HAVING count(DISTINCT c.relname) = 2
