-- @note columns that exchange names, that of the key among them, in the transaction that changes rows: every value follows its column
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append
create table m(a int primary key, b int, c int); insert into m values (1,10,100),(2,20,200),(3,30,300);
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
-- @once
delete from s where a=2; delete from h where a=2; delete from a where a=2;
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('update %1$I set b = 11 where a = 1; alter table %1$I rename a to t; alter table %1$I rename b to a; alter table %1$I rename c to b;
    alter table %1$I rename t to c; insert into %1$I(c,a,b) values (4,40,400)', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.m c
-- @cmp public.h c h_current
-- @expect select c, a, b, _op from h order by c, _valid_from, _op desc => [[1,10,100,"r"],[1,11,100,"u"],[2,20,200,"r"],[2,20,200,"d"],[3,30,300,"r"],[4,40,400,"c"]]
-- @expect select c, a, b, _deleted_at is null from s order by c => [[1,11,100,"true"],[2,20,200,"false"],[3,30,300,"true"],[4,40,400,"true"]]
-- @expect select c, a, b, _op from a order by c, _seq => [[1,10,100,"r"],[1,11,100,"u"],[2,20,200,"r"],[2,null,null,"d"],[3,30,300,"r"],[4,40,400,"c"]]
-- @expect select lake_column, attnum, array_to_string(source_columns, ' ') as names, state from _pg2duck.columns where source_table = 'h' order by attnum => [["c",1,"a c","current"],["a",2,"b a","current"],["b",3,"c b","current"]]
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('delete from %1$I where c = 3; alter table %1$I rename c to t; alter table %1$I rename a to c; alter table %1$I rename t to a', t); end loop; end $$;
-- @once
-- @rc 0
-- @note keys are compared in a cycle that finds the columns as it left them
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp public.m a
-- @cmp public.h a h_current
-- @expect select a, c, b, _op from h where a = 3 order by _valid_from, _op desc => [[3,30,300,"r"],[3,30,300,"d"]]
-- @expect select a, c, b, _deleted_at is null from s where a in (2,3) order by a => [[2,20,200,"false"],[3,30,300,"false"]]
-- @expect select a, c, b, _op from a where a = 3 order by _seq => [[3,30,300,"r"],[3,null,null,"d"]]
