-- The role that pg2duck logs in as: it can read, and nothing else. The password is for the demo only.

CREATE ROLE pg2duck LOGIN PASSWORD 'pg2duck';

-- A second lock on the door: even a grant made by mistake later does not let a session of this role write by itself.
ALTER ROLE pg2duck SET default_transaction_read_only = on;

DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO pg2duck', current_database()); END $$;
GRANT USAGE ON SCHEMA public TO pg2duck;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO pg2duck;

-- Tables made later, too. It covers those made by the role that runs this line: repeat it FOR ROLE your_migrations_role.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg2duck;

-- Shows when other sessions' transactions began, by which pg2duck knows how far it may move its cursor.
GRANT pg_read_all_stats TO pg2duck;
