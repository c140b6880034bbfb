-- @note a key that somebody named stops being unique: the same file is loaded twice, at once, later, or under a view; nothing is silently replaced
-- @env SYNC_TABLE_T_PRIMARY_KEY=id SYNC_TABLE_H_PRIMARY_KEY=a,b SYNC_TABLE_H_MODE=history SYNC_TABLE_O_PRIMARY_KEY=id SYNC_TABLE_O_DELETES=off DIFF_INTERVAL=0s SWEEP_INTERVAL=365d
create table t(id int, v text); create table h(a text, b date, v int); create table o(id int, v text, updated_at timestamptz default now()); create index on o(updated_at); create table fine(id int primary key);
insert into t select g, 'v' from generate_series(1, 100) g; insert into h select 'h' || g, '2020-01-01', g from generate_series(1, 100) g; insert into o select g, 'v', now() - interval '1 day' from generate_series(1, 2000) g; insert into fine values (1);
-- @once
-- @rc 0
insert into t select g, 'w' from generate_series(1, 100) g; insert into h values ('h7', '2020-01-01', 8); insert into o values (9, 'again', now()); insert into fine values (2);
-- @once
-- @rc 1
-- @says key (id) is not unique in public.t
-- @says key (a, b) is not unique in public.h
-- @says key (id) is not unique in public.o
-- @says SYNC_TABLE_O_PRIMARY_KEY
-- @expect select count(*) from fine => [[2]]
delete from t where v = 'v' and id > 50; delete from t where v = 'w' and id <= 50; delete from h where v = 7; delete from o where id = 9 and v = 'v';
-- @sleep 2.1
-- @once
-- @rc 0
-- @cmp public.t id
-- @cmp public.h a,b h_current
-- @cmp public.o id
