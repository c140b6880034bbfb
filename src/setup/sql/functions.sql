-- The functions in our schema.
SELECT proname::text AS name, prosrc AS body, pg_catalog.pg_get_userbyid(proowner)::text AS owner
FROM pg_catalog.pg_proc WHERE pronamespace = 'pg2duck'::regnamespace ORDER BY proname
