-- @note renames, a drop and a column that comes again, all under `run` and beside changes
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_A_MODE=append
create table m(id int primary key, note text, v int); insert into m select g, 'n'||g, 0 from generate_series(1,4) g;
create table h(like m including all); insert into h table m; create table s(like m including all); insert into s table m; create table a(like m including all); insert into a table m;
-- @run start
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('delete from %1$I where id = 4; update %1$I set v = 1 where id = 1', t); end loop; end $$;
-- @sleep 4
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('alter table %1$I rename note to "Note 2"; update %1$I set v = 2, "Note 2" = ''renamed'' where id = 1', t); end loop; end $$;
-- @sleep 4
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('alter table %1$I drop "Note 2"; alter table %1$I add "Note 2" text; update %1$I set v = 3, "Note 2" = ''again'' where id = 1', t); end loop; end $$;
-- @sleep 4
-- @run stop
-- @cmp public.m id
-- @cmp public.h id h_current
-- @expect select v, "Note 2__2", "Note 2", _op from h where id = 1 order by _valid_from => [[0,"n1",null,"r"],[1,"n1",null,"u"],[2,"renamed",null,"u"],[3,null,"again","u"]]
-- @expect select id, "Note 2__2", "Note 2", _op from h where id > 2 order by id, _valid_from, _op desc => [[3,"n3",null,"r"],[4,"n4",null,"r"],[4,"n4",null,"d"]]
-- @expect select id, "Note 2__2", "Note 2" from s where _deleted_at is not null => [[4,"n4",null]]
-- @expect select v, "Note 2__2", "Note 2", _op from a where id = 1 order by _seq => [[0,"n1",null,"r"],[1,"n1",null,"u"],[2,"renamed",null,"u"],[3,null,"again","u"]]
