-- @note a table that is exchanged for a new one by two renames, as online migrations do it: what is selected by name goes on under its name
-- @env SYNC_TABLES=public.t,public.s SYNC_TABLE_T_MODE=history SYNC_TABLE_S_MODE=soft_delete
create table t(id int primary key, v text, note text); insert into t values (1,'a','n'),(2,'b','n'),(3,'c','n'); create table s(like t including all); insert into s table t;
-- @once
update t set v='a2' where id=1; delete from t where id=3; delete from s where id=3;
-- @sleep 1.2
-- @once
create table t_new(id bigint primary key, note text, v text, extra int); insert into t_new select id, note, v from t; alter table t rename to t_old; alter table t_new rename to t;
create table s_new(id bigint primary key, note text, v text, extra int); insert into s_new select id, note, v from s; alter table s rename to s_old; alter table s_new rename to s;
update t set v='b2', extra=1 where id=2; insert into t values (4,'n','d',2); drop table t_old;
-- @once
-- @rc 0
-- @cmp public.t id t_current
-- @expect select id, v, extra from t order by id, _valid_from, _op desc => [[1,"a",null],[1,"a2",null],[2,"b",null],[2,"b2",1],[3,"c",null],[3,"c",null],[4,"d",2]]
-- @expect select id, v, note, _deleted_at is null from s order by id => [[1,"a","n","true"],[2,"b","n","true"],[3,"c","n","false"]]
-- @expect select table_name from duckdb_tables() where schema_name = 'main' order by 1 => [["s"],["t"]]
