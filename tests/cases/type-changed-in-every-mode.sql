-- @note text becomes int: mirror and full are copied afresh by themselves; elsewhere the old column stays as code__2 and a new one begins
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_F_MODE=full SYNC_TABLE_FA_MODE=full_append SYNC_TABLE_CLOCK_MODE=append
create table m(id int primary key, code text, qty int); insert into m values (1,'10',1),(2,'20',1),(3,'030',1);
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
create table f(like m including all); insert into f table m; create table fa(like m including all); insert into fa table m; create table clock(round int primary key); insert into clock values (1);
-- @once
update h set qty=2 where id=1; update a set qty=2 where id=1; delete from s where id=3; delete from h where id=3; delete from a where id=3; insert into clock values (2);
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a','f','fa'] loop execute format('alter table %I alter code type int using code::int', t); end loop; end $$; insert into clock values (3);
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.f id
-- @cmp public.h id h_current
-- @expect select id, code__2, code, qty, _op from h order by id, _valid_from, _op desc => [[1,"10",null,1,"r"],[1,"10",null,2,"u"],[1,null,10,2,"r"],[2,"20",null,1,"r"],[2,null,20,1,"r"],[3,"030",null,1,"r"],[3,"030",null,1,"d"]]
-- @expect select id, code__2, qty from h_as_of((select _synced_at from clock where round = 1)) order by id => [[1,"10",1],[2,"20",1],[3,"030",1]]
-- @expect select id, code__2, qty from h_as_of((select _synced_at from clock where round = 2)) order by id => [[1,"10",2],[2,"20",1]]
-- @expect select id, code, qty from h_as_of((select _synced_at from clock where round = 3)) order by id => [[1,10,2],[2,20,1]]
-- @expect select id, code, _deleted_at is null from s order by id => [[1,10,"true"],[2,20,"true"],[3,null,"false"]]
-- @expect select code__2 from s where id = 3 => [["030"]]
-- @expect select id, code__2, code, qty, _op from a order by id, _seq => [[1,"10",null,1,"r"],[1,"10",null,2,"u"],[1,null,10,2,"r"],[2,"20",null,1,"r"],[2,null,20,1,"r"],[3,"030",null,1,"r"],[3,null,null,null,"d"]]
-- @expect select count(code__2), count(code), count(*) from fa => [[6,3,9]]
-- @expect select lake_column, attnum, state from _pg2duck.columns where source_table = 'h' order by attnum, since => [["id",1,"current"],["code__2",2,"superseded"],["code",2,"current"],["qty",3,"current"]]
-- @expect select column_name, data_type from duckdb_columns() where table_name in ('m','h','s','a') and column_name like 'code%' order by table_name, 1 desc => [["code__2","VARCHAR"],["code","INTEGER"],["code__2","VARCHAR"],["code","INTEGER"],["code","INTEGER"],["code__2","VARCHAR"],["code","INTEGER"]]
-- @resync public.h
-- @rc 0
-- @once
-- @rc 0
-- @expect select count(*), count(*) filter (_is_current) from h => [[7,2]]
