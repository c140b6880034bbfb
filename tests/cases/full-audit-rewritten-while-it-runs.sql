-- @note two tables under `run` with full audit: DDL of every kind in transactions with changes; every version is there once
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append
create table h(id int primary key, note text, v int); insert into h values (1,'n',0); create table a(like h including all); insert into a table h;
-- @setup --audit full --role reader
-- @run start
do $$ declare t text; begin foreach t in array array['h','a'] loop
  execute format('update %1$I set v = 1; update %1$I set v = 2; alter table %1$I rename note to "Note"; update %1$I set v = 3; alter table %1$I add extra int default 5; update %1$I set v = 4, "Note" = ''o''', t); end loop; end $$;
-- @sleep 4
do $$ declare t text; begin foreach t in array array['h','a'] loop
  execute format('update %1$I set v = 5; alter table %1$I alter v type bigint; update %1$I set v = 6; alter table %1$I drop extra; update %1$I set v = 7; alter table %1$I add extra text; update %1$I set v = 8, extra = ''e''', t); end loop; end $$;
-- @sleep 4
cluster h using h_pkey;
-- @sleep 3
-- @run stop
-- @cmp public.h id h_current
-- @expect select v, "Note", extra__4, extra, _op from h order by _valid_from => [[0,"n",null,null,"r"],[1,"n",null,null,"u"],[2,"n",null,null,"u"],[3,"n",null,null,"u"],[4,"o",5,null,"u"],[5,"o",5,null,"u"],[6,"o",5,null,"u"],[7,"o",null,null,"u"],[8,"o",null,"e","u"]]
-- @expect select v, "Note", extra__4, extra, _op from a order by _seq => [[0,"n",null,null,"r"],[1,"n",null,null,"u"],[2,"n",null,null,"u"],[3,"n",null,null,"u"],[4,"o",5,null,"u"],[5,"o",5,null,"u"],[6,"o",5,null,"u"],[7,"o",null,null,"u"],[8,"o",null,"e","u"]]
-- @expect select count(distinct _xid), count(distinct _changed_at), min(_before->>'v'), max(_before->>'v') from a where _op = 'u' => [[2,8,0,7]]
