-- Roles other than its owner that may read the audit table, as GRANT names them.
SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END AS role
FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS a
WHERE c.relnamespace = 'pg2duck'::regnamespace AND c.relname = 'audit' AND a.privilege_type = 'SELECT'
    AND a.grantee <> c.relowner
ORDER BY role
