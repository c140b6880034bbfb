-- @note DuckDB drops no column before a declared key: the table is written anew, with the key
-- @env SYNC_TABLE_S_MODE=soft_delete DUCKDB_PRIMARY_KEY=always
create table m(secret text, v int, id int primary key); insert into m select 'clear ' || g, g, g from generate_series(1, 20) g;
create table s(like m including all); insert into s select * from m;
-- @once
delete from s where id = 3;
-- @sleep 1.2
-- @once
-- @env SYNC_TABLE_M_EXCLUDE=secret SYNC_TABLE_S_EXCLUDE=secret
update m set v = 0 where id = 4; update s set v = 0 where id = 4; insert into m values ('new', 1, 21);
-- @once
-- @rc 0
-- @expect select count(*) from duckdb_columns() where column_name = 'secret' => [[0]]
-- @expect select count(*) from duckdb_constraints() where constraint_type = 'PRIMARY KEY' and table_name in ('m', 's') => [[2]]
-- @expect select count(*), sum(v) from m => [[21, 207]]
-- @expect select count(*), sum(v), count(_deleted_at), min(v) from s => [[20, 206, 1, 0]]
