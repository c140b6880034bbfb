-- @note versions recorded before a column was dropped and after another took its name: same name, same type, two columns
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_S_MODE=soft_delete
create table h(id int primary key, note text, v int); insert into h values (1,'a',1),(2,'z',1); create table a(like h including all); insert into a table h; create table s(like h including all); insert into s table h;
-- @setup --audit full --role reader
-- @once
do $$ declare t text; begin foreach t in array array['s','h','a'] loop
  execute format('update %1$I set note = ''b'' where id = 1; update %1$I set note = ''last'' where id = 2; delete from %1$I where id = 2; alter table %1$I drop note; update %1$I set v = 2 where id = 1;
    alter table %1$I add note text; update %1$I set note = ''new'' where id = 1', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select id, note__2, v, note, _op from h order by id, _valid_from, _op desc => [[1,"a",1,null,"r"],[1,"b",1,null,"u"],[1,null,2,null,"u"],[1,null,2,"new","u"],[2,"z",1,null,"r"],[2,"last",1,null,"u"],[2,"last",1,null,"d"]]
-- @expect select id, note__2, v, note, _op from a order by id, _seq => [[1,"a",1,null,"r"],[1,"b",1,null,"u"],[1,null,2,null,"u"],[1,null,2,"new","u"],[2,"z",1,null,"r"],[2,"last",1,null,"u"],[2,null,null,null,"d"]]
-- @expect select note__2, note from s where _deleted_at is not null => [["last",null]]
