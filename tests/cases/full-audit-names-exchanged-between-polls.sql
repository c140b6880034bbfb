-- @note two columns of one type exchange their names between two recorded changes: neither version is mixed up
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append
create table h(id int primary key, a text, b text); insert into h values (1,'a1','b1'); create table a(like h including all); insert into a table h;
-- @setup --audit full --role reader
-- @once
do $$ declare t text; begin foreach t in array array['h','a'] loop
  execute format('update %1$I set a = ''a2'' where id = 1; alter table %1$I rename a to c; alter table %1$I rename b to a; alter table %1$I rename c to b; update %1$I set b = ''a3'' where id = 1; insert into %1$I values (2,''A'',''B'')', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select id, b, a, _op from h order by id, _valid_from => [[1,"a1","b1","r"],[1,"a2","b1","u"],[1,"a3","b1","u"],[2,"A","B","c"]]
-- @expect select id, b, a, _op from a order by id, _seq => [[1,"a1","b1","r"],[1,"a2","b1","u"],[1,"a3","b1","u"],[2,"A","B","c"]]
