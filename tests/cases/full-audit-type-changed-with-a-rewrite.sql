-- @note int -> bigint and text -> int rewrite the table after versions were recorded: each lands in the column that held it, of its type then
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_S_MODE=soft_delete
create table h(id int primary key, n int, code text); insert into h values (1,1,'01'),(2,2,'02'); create table a(like h including all); insert into a table h; create table s(like h including all); insert into s table h;
-- @setup --audit full --role reader
-- @once
do $$ declare t text; begin foreach t in array array['s','h','a'] loop
  execute format('update %1$I set code = ''002'' where id = 1; update %1$I set code = ''003'', n = 3 where id = 1; insert into %1$I values (3,3,''0009''); delete from %1$I where id = 3;
    alter table %1$I alter n type bigint, alter code type int using code::int; update %1$I set code = 4, n = 5000000000 where id = 1; insert into %1$I values (4,4,44); delete from %1$I where id = 4', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select id, n, code__3, code, _op from h order by id, _valid_from, _op => [[1,1,"01",null,"r"],[1,1,"002",null,"u"],[1,3,"003",null,"u"],[1,5000000000,null,4,"u"],[2,2,"02",null,"r"],[2,2,null,2,"r"],[3,3,"0009",null,"c"],[3,3,"0009",null,"d"],[4,4,null,44,"c"],[4,4,null,44,"d"]]
-- @expect select id, n, code__3, code, _op from a order by id, _seq => [[1,1,"01",null,"r"],[1,1,"002",null,"u"],[1,3,"003",null,"u"],[1,5000000000,null,4,"u"],[2,2,"02",null,"r"],[2,2,null,2,"r"],[3,3,"0009",null,"c"],[3,null,null,null,"d"],[4,4,null,44,"c"],[4,null,null,null,"d"]]
-- @expect select id, n, code__3, code, _op from s where _deleted_at is not null order by id => [[3,3,"0009",null,"d"],[4,4,null,44,"d"]]
-- @expect select id, n, code, _op from s where _deleted_at is null order by id => [[1,5000000000,4,"r"],[2,2,2,"r"]]
