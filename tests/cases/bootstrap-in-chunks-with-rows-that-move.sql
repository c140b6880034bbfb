-- @note a row that moves from a chunk that is read to one that is not stands there once: the last chunk waits on a value that stops the table meanwhile
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_S_MODE=soft_delete BOOTSTRAP_CHUNK_PAGES=1 REJECTS=stop DELETES=off
create table m(id int primary key, n numeric(6,2), v text); insert into m select g, g, repeat('x', 500) from generate_series(1,100) g; update m set n = 'NaN' where id = 100;
create table h(like m including all); insert into h select * from m order by id; create table a(like h including all); insert into a table h; create table s(like h including all); insert into s table h;
-- @once
-- @rc 1
do $$ declare t text; begin foreach t in array array['m','h','a','s'] loop
  execute format('update %1$I set v = ''moved'' where id between 1 and 5; delete from %1$I where id = 6; insert into %1$I values (6, 6, ''again''); update %1$I set n = 7 where id = 100', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.s id
-- @cmp public.h id h_current
-- @expect select count(*), count(distinct id), count(*) filter (_is_current) from h => [[100,100,100]]
-- @expect select count(*), count(distinct id) from a => [[100,100]]
-- @expect select id, v, _op from h where id < 7 order by id => [[1,"moved","r"],[2,"moved","r"],[3,"moved","r"],[4,"moved","r"],[5,"moved","r"],[6,"again","r"]]
-- @expect select id, v, _op from a where id < 7 order by id => [[1,"moved","r"],[2,"moved","r"],[3,"moved","r"],[4,"moved","r"],[5,"moved","r"],[6,"again","r"]]
