-- @note a column that is dropped and added again between two polls is another: what versions, entries and deleted rows held stays, in note__2
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_F_MODE=full SYNC_TABLE_FA_MODE=full_append
create table m(id int primary key, note text, qty int); insert into m values (1,'one',1),(2,'two',1),(3,'three',1);
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
create table f(like m including all); insert into f table m; create table fa(like m including all); insert into fa table m;
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a','f'] loop execute format('delete from %I where id = 2', t); end loop; end $$;
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a','f','fa'] loop
  execute format('alter table %1$I drop note; alter table %1$I add note text; update %1$I set note = ''new'' where id = 1', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.f id
-- @cmp public.h id h_current
-- @expect select id, note__2, note, _deleted_at is null from s order by id => [[1,null,"new","true"],[2,"two",null,"false"],[3,"three",null,"true"]]
-- @expect select id, note__2, note, _op from h order by id, _valid_from, _op desc => [[1,"one",null,"r"],[1,null,"new","u"],[2,"two",null,"r"],[2,"two",null,"d"],[3,"three",null,"r"]]
-- @expect select id, note__2, note, _op from a order by id, _seq => [[1,"one",null,"r"],[1,null,"new","u"],[2,"two",null,"r"],[2,null,null,"d"],[3,"three",null,"r"]]
-- @expect select id, note__2, note, count(*) from fa group by all order by all => [[1,"one",null,2],[1,null,"new",1],[2,"two",null,2],[2,null,null,1],[3,"three",null,2],[3,null,null,1]]
-- @expect select lake_column, attnum, state from _pg2duck.columns where source_table = 'h' order by attnum => [["id",1,"current"],["note__2",2,"dropped"],["qty",3,"current"],["note",4,"current"]]
-- @resync public.h
-- @resync public.s
-- @resync public.a
-- @once
-- @rc 0
-- @expect select id, note__2, note, _op from h order by id, _valid_from, _op desc => [[1,"one",null,"r"],[1,null,"new","u"],[2,"two",null,"r"],[2,"two",null,"d"],[3,"three",null,"r"]]
-- @expect select id, note__2, note, _op from a order by id, _seq => [[1,"one",null,"r"],[1,null,"new","u"],[2,"two",null,"r"],[2,null,null,"d"],[3,"three",null,"r"]]
-- @expect select id, note__2, note from s where _deleted_at is not null => [[2,"two",null]]
