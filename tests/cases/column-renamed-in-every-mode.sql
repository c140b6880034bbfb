-- @note a renamed column is renamed in the lake and nothing is copied for it: versions, deleted rows and entries keep their values under its new name
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_F_MODE=full SYNC_TABLE_FA_MODE=full_append
create table m(id int primary key, note text, v int); insert into m values (1,'one',1),(2,'two',1);
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m;
create table a(like m including all); insert into a table m; create table f(like m including all); insert into f table m;
create table fa(like m including all); insert into fa table m;
-- @once
update h set v=2 where id=1; delete from s where id=2; delete from h where id=2; delete from a where id=2;
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a','f','fa'] loop execute format('alter table %I rename note to "Re""mark"', t); end loop; end $$;
-- @once
-- @rc 0
-- @expect select table_name from duckdb_columns() where column_name = 'note' => []
-- @expect select source_table, count(*) from _pg2duck.batches where kind = 'bootstrap' and source_table in ('m','s','h','a') group by all order by 1 => [["a",1],["h",1],["m",1],["s",1]]
-- @cmp public.m id
-- @cmp public.f id
-- @cmp public.h id h_current
-- @expect select id, "Re""mark", _deleted_at is null from s order by id => [[1,"one","true"],[2,"two","false"]]
-- @expect select id, "Re""mark", v, _op from h order by id, _valid_from, _op desc => [[1,"one",1,"r"],[1,"one",2,"u"],[2,"two",1,"r"],[2,"two",1,"d"]]
-- @expect select id, "Re""mark", _op from a order by id, _seq => [[1,"one","r"],[2,"two","r"],[2,null,"d"]]
-- @expect select count(*), count("Re""mark") from fa => [[6,6]]
-- @expect select lake_column, attnum, array_to_string(source_columns, ' ') as names, state from _pg2duck.columns where source_table = 'h' order by attnum => [["id",1,"id","current"],["Re\"mark",2,"note Re\"mark","current"],["v",3,"v","current"]]
do $$ declare t text; begin foreach t in array array['m','s','h','a','f','fa'] loop execute format('update %I set "Re""mark" = ''new'' where id = 1; alter table %1$I rename "Re""mark" to note', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.f id
-- @cmp public.h id h_current
-- @expect select id, note, v, _op from h order by id, _valid_from, _op desc => [[1,"one",1,"r"],[1,"one",2,"u"],[1,"new",2,"u"],[2,"two",1,"r"],[2,"two",1,"d"]]
-- @expect select id, note, _op from a order by id, _seq => [[1,"one","r"],[1,"new","u"],[2,"two","r"],[2,null,"d"]]
-- @expect select id, note, _deleted_at is null from s order by id => [[1,"new","true"],[2,"two","false"]]
