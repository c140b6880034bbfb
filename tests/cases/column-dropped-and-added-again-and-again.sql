-- @note every column that ever bore the name keeps its values, each under a name of its own, whatever the source's columns are called
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_S_MODE=soft_delete
create table h(id int primary key, "No""te" text, "No""te__2" int); insert into h values (1,'first',7),(2,'gone',8);
create table s(like h including all); insert into s table h;
-- @once
delete from s where id=2;
-- @sleep 1.2
-- @once
alter table h drop "No""te"; alter table h add "No""te" text; update h set "No""te"='second' where id=1;
alter table s drop "No""te"; alter table s add "No""te" text; update s set "No""te"='second' where id=1;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select "No""te__2_2", "No""te__2", "No""te", _op from h where id = 1 order by _valid_from => [["first",7,null,"r"],[null,7,"second","u"]]
do $$ declare t text; begin foreach t in array array['h','s'] loop for i in 1..2 loop execute format('alter table %1$I drop "No""te"; alter table %1$I add "No""te" text', t); end loop;
  execute format('update %1$I set "No""te" = ''third'' where id = 1', t); end loop; end $$;
-- @once
-- @rc 0
do $$ declare t text; begin foreach t in array array['h','s'] loop
  execute format('alter table %1$I drop "No""te"; alter table %1$I add "No""te" text; alter table %1$I drop "No""te"; alter table %1$I add "No""te" int; update %1$I set "No""te" = 4 where id = 1', t);
  end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select "No""te__2_2", "No""te__4", "No""te__6", "No""te", "No""te__2", _op from h where id = 1 order by _valid_from => [["first",null,null,null,7,"r"],[null,"second",null,null,7,"u"],[null,null,"third",null,7,"u"],[null,null,null,4,7,"u"]]
-- @expect select "No""te__2_2", "No""te__4", "No""te__6", "No""te", "No""te__2" from s where id = 2 => [["gone",null,null,null,8]]
alter table h add "No""te__2_2" text; alter table h add "No""te__4" int; update h set "No""te__2_2"='mine', "No""te__4"=9 where id=1;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select count(*) from h where id = 1 and to_json(h)::varchar like '%:"first"%' => [[1]]
-- @expect select count(*) from h where id = 1 and to_json(h)::varchar like '%:"second"%' => [[1]]
-- @expect select "No""te__2_2", "No""te__4", "No""te" from h where id = 1 and _is_current => [["mine",9,4]]
-- @expect select count(*) from h => [[6]]
