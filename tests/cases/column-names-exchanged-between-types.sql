-- @note two columns of different types exchange their names: no type has changed, and no value
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_FA_MODE=full_append
create table m(id int primary key, n int, t text); insert into m values (1,1,'one'),(2,2,'two');
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m;
create table a(like m including all); insert into a table m; create table fa(like m including all); insert into fa table m;
-- @once
delete from s where id=2;
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a','fa'] loop
  execute format('alter table %1$I rename n to x; alter table %1$I rename t to n; alter table %1$I rename x to t', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h id h_current
-- @expect select id, t, n, _deleted_at is null from s order by id => [[1,1,"one","true"],[2,2,"two","false"]]
-- @expect select id, t, n, _op from h order by id => [[1,1,"one","r"],[2,2,"two","r"]]
-- @expect select id, t, n, _op from a order by id => [[1,1,"one","r"],[2,2,"two","r"]]
-- @expect select id, t, n, count(*) from fa group by all order by id => [[1,1,"one",3],[2,2,"two",3]]
-- @expect select column_name, data_type from duckdb_columns() where table_name = 'h' and column_name in ('n','t') order by 1 => [["n","VARCHAR"],["t","INTEGER"]]
-- @expect select source_table, count(*) from _pg2duck.batches where kind = 'bootstrap' and source_table in ('m','s','h','a') group by all order by 1 => [["a",1],["h",1],["m",1],["s",1]]
