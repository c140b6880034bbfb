-- @note another table of the same name, its columns in another order: what is called and typed alike goes on, the rest begins anew
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_CLOCK_MODE=append
create table m(id int primary key, code text, name text, "Old" int); insert into m values (1,'10','one',1),(2,'20','two',2),(3,'30','three',3);
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
create table clock(round int primary key); insert into clock values (1);
-- @once
delete from s where id=3; insert into clock values (2);
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('drop table %1$I; create table %1$I(extra int, name text, code int, id bigint primary key); insert into %1$I values (5,''one'',10,1),(6,''four'',40,4)', t); end loop; end $$; insert into clock values (3);
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h id h_current
-- @expect select id, code__2, code, name, "Old", extra, _op from h order by id, _valid_from, _op desc => [[1,"10",null,"one",1,null,"r"],[1,null,10,"one",null,5,"r"],[2,"20",null,"two",2,null,"r"],[2,"20",null,"two",2,null,"d"],[3,"30",null,"three",3,null,"r"],[3,"30",null,"three",3,null,"d"],[4,null,40,"four",null,6,"r"]]
-- @expect select id, code__2, "Old" from h_as_of((select _synced_at from clock where round = 2)) order by id => [[1,"10",1],[2,"20",2],[3,"30",3]]
-- @expect select id, code, extra from h_as_of((select _synced_at from clock where round = 3)) order by id => [[1,10,5],[4,40,6]]
-- @expect select id, code__2, name, "Old" from s where _deleted_at is not null order by id => [[2,"20","two",2],[3,"30","three",3]]
-- @expect select id, code, name, extra from s where _deleted_at is null order by id => [[1,10,"one",5],[4,40,"four",6]]
-- @expect select id, code__2, code, name, _op from a order by id, _seq => [[1,"10",null,"one","r"],[1,null,10,"one","r"],[2,"20",null,"two","r"],[2,null,null,null,"d"],[3,"30",null,"three","r"],[3,null,null,null,"d"],[4,null,40,"four","r"]]
-- @expect select data_type from duckdb_columns() where table_name in ('m','s','h','a') and column_name = 'id' => [["BIGINT"],["BIGINT"],["BIGINT"],["BIGINT"]]
