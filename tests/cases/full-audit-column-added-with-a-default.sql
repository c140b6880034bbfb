-- @note ADD COLUMN … DEFAULT before the next poll: recorded versions are applied before the fresh copy, and the copy invents no event
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append
create table h(id int primary key, v text); insert into h values (1,'a'),(2,'z'); create table s(like h including all); insert into s table h; create table a(like h including all); insert into a table h;
-- @setup --audit full --role reader
-- @once
do $$ declare t text; begin foreach t in array array['s','h','a'] loop
  execute format('update %1$I set v = ''b'' where id = 1; update %1$I set v = ''c'' where id = 1; insert into %1$I values (3,''x''); delete from %1$I where id = 3;
    alter table %1$I add "N" int not null default 7; update %1$I set v = ''d'' where id = 1', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select id, v, "N", _op from h order by id, _valid_from, _op => [[1,"a",null,"r"],[1,"b",null,"u"],[1,"c",null,"u"],[1,"d",7,"u"],[2,"z",null,"r"],[2,"z",7,"r"],[3,"x",null,"c"],[3,"x",null,"d"]]
-- @expect select id, v, "N", _op, _before->>'v' from a order by id, _seq => [[1,"a",null,"r",null],[1,"b",null,"u","a"],[1,"c",null,"u","b"],[1,"d",7,"u","c"],[2,"z",null,"r",null],[2,"z",7,"r","z"],[3,"x",null,"c",null],[3,null,null,"d","x"]]
-- @expect select id, v, "N", _op, _deleted_at is null from s order by id => [[1,"d",7,"r","true"],[2,"z",7,"r","true"],[3,"x",null,"d","false"]]
-- @once
-- @rc 0
-- @expect select (select count(*) from h), (select count(*) from a) => [[8,8]]
