-- @note a role that is granted one session: what fails in the middle of a read costs the others neither snapshot nor session
create role one_session login password 'one' connection limit 1; grant pg_read_all_data to one_session;
create table t(id int primary key, v int); insert into t values (1, 1);
create view aa as select id, 1 / (id - id) as x from generate_series(1, 2) as id;
create view good as select 1 as id;
create materialized view never_filled as select 1 as id with no data;
-- @env DATABASE_URL=postgres://one_session:one@127.0.0.1:$PORT/$DB SYNC_TABLES=public.*,aa,good,never_filled SYNC_TABLE_AA_PRIMARY_KEY=id SYNC_TABLE_GOOD_PRIMARY_KEY=id SYNC_TABLE_NEVER_FILLED_PRIMARY_KEY=id
-- @once
-- @rc 1
-- @cmp public.t id
-- @cmp public.good id
update t set v = 2;
-- @once
-- @rc 1
-- @cmp public.t id
-- @cmp public.good id
