-- @note a table that the role may not read keeps no other from being synced; first, in the middle and last by name; in once and in run
create table b_fine(id int primary key, v text); insert into b_fine values (1, 'a');
create table t_fine(id int primary key, v text); insert into t_fine values (1, 'a');
create role plain login; grant usage on schema public to plain;
create table a_refused(id int primary key, v text); insert into a_refused values (1, 'a');
create table m_refused(id int primary key, v text); insert into m_refused values (1, 'a');
create table z_refused(id int primary key, v text); insert into z_refused values (1, 'a');
grant select on b_fine, t_fine to plain;
-- @env SYNC_TABLE_A_REFUSED_PRIMARY_KEY=id SYNC_TABLE_M_REFUSED_PRIMARY_KEY=id SYNC_TABLE_Z_REFUSED_PRIMARY_KEY=id DATABASE_URL=postgres://plain@127.0.0.1:$PORT/$DB
-- @env SYNC_TABLES=b_fine,t_fine,a_refused STATE_DIR=$DIR/1/state PARQUET_DIR=$DIR/1/parquet DUCKDB_PATH=$DIR/1/warehouse.duckdb
-- @once
-- @rc 1
-- @says GRANT SELECT
-- @cmp public.b_fine id
-- @cmp public.t_fine id
insert into b_fine values (2, 'b'); update t_fine set v = 'round 1';
-- @once
-- @rc 1
-- @cmp public.b_fine id
-- @cmp public.t_fine id
-- @env SYNC_TABLES=b_fine,t_fine,m_refused STATE_DIR=$DIR/2/state PARQUET_DIR=$DIR/2/parquet DUCKDB_PATH=$DIR/2/warehouse.duckdb
-- @once
-- @rc 1
-- @says GRANT SELECT
-- @cmp public.b_fine id
-- @cmp public.t_fine id
insert into b_fine values (3, 'b'); update t_fine set v = 'round 2';
-- @once
-- @rc 1
-- @cmp public.b_fine id
-- @cmp public.t_fine id
-- @env SYNC_TABLES=b_fine,t_fine,z_refused STATE_DIR=$DIR/3/state PARQUET_DIR=$DIR/3/parquet DUCKDB_PATH=$DIR/3/warehouse.duckdb
-- @once
-- @rc 1
-- @says GRANT SELECT
-- @cmp public.b_fine id
-- @cmp public.t_fine id
insert into b_fine values (4, 'b'); update t_fine set v = 'round 3';
-- @once
-- @rc 1
-- @cmp public.b_fine id
-- @cmp public.t_fine id
-- @env SYNC_TABLES=b_fine,t_fine,a_refused,m_refused,z_refused STATE_DIR=$DIR/run/state PARQUET_DIR=$DIR/run/parquet DUCKDB_PATH=$DIR/run/warehouse.duckdb
-- @run start
-- @cmp public.b_fine id
-- @cmp public.t_fine id
insert into b_fine values (100, 'while it runs'); update t_fine set v = 'while it runs';
-- @sleep 3
-- @run stop
-- @cmp public.b_fine id
-- @cmp public.t_fine id
-- @status
-- @rc 1
-- @says GRANT SELECT
grant select on all tables in schema public to plain;
-- @once
-- @rc 0
-- @cmp public.b_fine id
-- @cmp public.t_fine id
-- @cmp public.a_refused id
-- @cmp public.m_refused id
-- @cmp public.z_refused id
drop owned by plain; drop role plain;
