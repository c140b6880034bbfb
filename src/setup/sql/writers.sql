-- Roles other than its owner that may write to the audit table.
SELECT pg_catalog.pg_get_userbyid(a.grantee)::text AS role
FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS a
WHERE c.relnamespace = 'pg2duck'::regnamespace AND c.relname = 'audit' AND a.privilege_type = 'INSERT'
