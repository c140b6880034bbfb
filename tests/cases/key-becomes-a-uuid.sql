-- @note the key becomes a new uuid column and the old one is dropped: in every mode, and once more with the uuid as text
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_CLOCK_MODE=append
create table m(id int primary key, v text); insert into m select i, 'v'||i from generate_series(1,4) i;
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
create table clock(round int primary key); insert into clock values (1);
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('delete from %I where id = 4', t); end loop; end $$; insert into clock values (2);
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('alter table %1$I add uid uuid; update %1$I set uid = (''00000000-0000-0000-0000-00000000000'' || id)::uuid; alter table %1$I drop id, add primary key(uid)', t); end loop; end $$; insert into clock values (3);
-- @once
-- @rc 0
-- @cmp public.m uid
-- @cmp public.h uid h_current
-- @expect select v from s where _deleted_at is null order by uid => [["v1"],["v2"],["v3"]]
-- @expect select id, v, uid from s where _deleted_at is not null => [[4,"v4",null]]
-- @expect select id, v from h_as_of((select _synced_at from clock where round = 1)) order by 1 => [[1,"v1"],[2,"v2"],[3,"v3"],[4,"v4"]]
-- @expect select id, v from h_as_of((select _synced_at from clock where round = 2)) order by 1 => [[1,"v1"],[2,"v2"],[3,"v3"]]
-- @expect select right(uid::varchar, 1), v from h_as_of((select _synced_at from clock where round = 3)) order by 1 => [[1,"v1"],[2,"v2"],[3,"v3"]]
-- @expect select id, _op from a where id is not null order by id, _seq => [[1,"r"],[1,"d"],[2,"r"],[2,"d"],[3,"r"],[3,"d"],[4,"r"],[4,"d"]]
-- @expect select right(uid::varchar, 1), v, _op from a where uid is not null order by uid, _seq => [[1,"v1","r"],[2,"v2","r"],[3,"v3","r"]]
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('alter table %1$I alter uid type text; update %1$I set uid = ''other'' where v = ''v2''; delete from %1$I where v = ''v3''', t); end loop; end $$;
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp public.m uid
-- @cmp public.h uid h_current
-- @expect select uid, v from s where _deleted_at is null order by v => [["00000000-0000-0000-0000-000000000001","v1"],["other","v2"]]
-- @expect select right(uid, 1), v from s where _deleted_at is not null order by v => [[2,"v2"],[3,"v3"],[null,"v4"]]
-- @expect select right(uid, 1), v from (from a where uid is not null qualify row_number() over (partition by uid order by _seq desc) = 1) where _op <> 'd' order by 2 => [[1,"v1"],["r","v2"]]
