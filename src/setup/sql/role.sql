-- The role that is to sync, if it exists.
SELECT rolsuper AS superuser FROM pg_catalog.pg_roles WHERE rolname = :role
