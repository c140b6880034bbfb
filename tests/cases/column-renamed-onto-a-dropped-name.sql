-- @note a column takes the name of one that is dropped in the same statement: two columns, and none takes the other's values
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_FA_MODE=full_append
create table m(id int primary key, a text, b text); insert into m values (1,'a1','b1'),(2,'a2','b2');
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m;
create table a(like m including all); insert into a table m; create table fa(like m including all); insert into fa table m;
-- @once
delete from s where id=2;
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a','fa'] loop execute format('alter table %1$I drop a; alter table %1$I rename b to a', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h id h_current
-- @expect select id, a__2, a, _deleted_at is null from s order by id => [[1,"a1","b1","true"],[2,"a2","b2","false"]]
-- @expect select id, a__2, a, _op from h order by id => [[1,"a1","b1","r"],[2,"a2","b2","r"]]
-- @expect select id, a__2, a, _op from a order by id => [[1,"a1","b1","r"],[2,"a2","b2","r"]]
-- @expect select id, a__2, a, count(*) from fa group by all order by all => [[1,"a1","b1",2],[1,null,"b1",1],[2,"a2","b2",2],[2,null,"b2",1]]
do $$ declare t text; begin foreach t in array array['m','s','h','a','fa'] loop execute format('alter table %1$I add b int; update %1$I set a = ''new'', b = 5 where id = 1', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.m id
-- @expect select a__2, a, b, _op from h where id = 1 order by _valid_from => [["a1","b1",null,"r"],[null,"new",5,"u"]]
-- @expect select a__2, a, b, _op from a where id = 1 order by _seq => [["a1","b1",null,"r"],[null,"new",5,"u"]]
-- @expect select lake_column, attnum, array_to_string(source_columns, ' ') as names, state from _pg2duck.columns where source_table = 'h' order by attnum => [["id",1,"id","current"],["a__2",2,"a","dropped"],["a",3,"b a","current"],["b",4,"b","current"]]
