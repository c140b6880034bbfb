-- The role that runs setup.
SELECT rolname::text AS user, rolsuper AS superuser, rolcreaterole AS may_create_roles
FROM pg_catalog.pg_roles WHERE rolname = current_user
