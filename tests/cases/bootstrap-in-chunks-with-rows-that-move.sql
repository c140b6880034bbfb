-- @note a row that moves from a chunk that is read into one that is not stands there once: the last chunk waits on a value that stops the table; updated_at stays, so no poll reads the row again
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_S_MODE=soft_delete BOOTSTRAP_CHUNK_PAGES=32 REJECTS=stop DELETES=off
create table h(id int primary key, n numeric(6,2), v text, updated_at timestamptz default '2020-01-01'); create index on h(updated_at);
insert into h select g, 1, repeat('x', 300) from generate_series(1, 10000) g; insert into h values (10001, 'NaN', 'last');
create table a(like h including all); insert into a select * from h order by id; create table s(like h including all); insert into s select * from h order by id;
create table m(like h including all); insert into m select * from h order by id;
-- @once
-- @rc 1
-- @says NaN
do $$ declare t text; begin foreach t in array array['m','h','a','s'] loop
  execute format('update %1$I set v = ''moved'' || repeat(''m'', 1500) where id between 1 and 5; update %1$I set n = 7 where n = ''NaN''', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.s id
-- @cmp public.h id h_current
-- @expect select count(*), count(distinct id), count(*) filter (_is_current) from h => [[10001,10001,10001]]
-- @expect select count(*), count(distinct id) from a => [[10001,10001]]
-- @expect select id, left(v, 5), _op from h where id < 6 order by id => [[1,"moved","r"],[2,"moved","r"],[3,"moved","r"],[4,"moved","r"],[5,"moved","r"]]
-- @expect select id, left(v, 5), _op from a where id < 6 order by id => [[1,"moved","r"],[2,"moved","r"],[3,"moved","r"],[4,"moved","r"],[5,"moved","r"]]
update h set v='later', updated_at=now() where id=1; update a set v='later', updated_at=now() where id=1;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select id, left(v, 5), _op from h where id = 1 order by _valid_from => [[1,"moved","r"],[1,"later","u"]]
-- @expect select id, left(v, 5), _op from a where id = 1 order by _seq => [[1,"moved","r"],[1,"later","u"]]
