-- @note (id) becomes (tenant, id), tenant a column that was there: current rows equal the source, deleted rows stay, the past answers as before
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_CLOCK_MODE=append
create table m(id int not null, tenant int not null, v text, primary key(id)); insert into m values (1,1,'a'),(2,1,'b'),(3,1,'c');
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
create table clock(round int primary key); insert into clock values (1);
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('delete from %I where id = 3', t); end loop; end $$; insert into clock values (2);
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('alter table %1$I drop constraint %2$I, add primary key(tenant,id); insert into %1$I values (1,2,''other''); update %1$I set v = ''b2'' where id = 2', t, t || '_pkey'); end loop; end $$; insert into clock values (3);
-- @once
-- @rc 0
-- @cmp public.m tenant,id
-- @cmp public.h tenant,id h_current
-- @expect select tenant, id, v from s where _deleted_at is null order by 1, 2 => [[1,1,"a"],[1,2,"b2"],[2,1,"other"]]
-- @expect select tenant, id, v from s where _deleted_at is not null => [[1,3,"c"]]
-- @expect select tenant, id, v from (from a qualify row_number() over (partition by tenant, id order by _seq desc) = 1) where _op <> 'd' order by 1, 2 => [[1,1,"a"],[1,2,"b2"],[2,1,"other"]]
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('delete from %1$I where tenant = 2; update %1$I set tenant = 5 where id = 2', t); end loop; end $$;
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp public.m tenant,id
-- @cmp public.h tenant,id h_current
-- @expect select tenant, id, v from s where _deleted_at is null order by 1, 2 => [[1,1,"a"],[5,2,"b2"]]
-- @expect select tenant, id, v from s where _deleted_at is not null order by 1, 2 => [[1,2,"b2"],[1,3,"c"],[2,1,"other"]]
-- @expect select tenant, id, v from (from a qualify row_number() over (partition by tenant, id order by _seq desc) = 1) where _op <> 'd' order by 1, 2 => [[1,1,"a"],[5,2,"b2"]]
-- @expect select tenant, id, v from h_as_of((select _synced_at from clock where round = 1)) order by 1, 2 => [[1,1,"a"],[1,2,"b"],[1,3,"c"]]
-- @expect select tenant, id, v from h_as_of((select _synced_at from clock where round = 2)) order by 1, 2 => [[1,1,"a"],[1,2,"b"]]
-- @expect select tenant, id, v from h_as_of((select _synced_at from clock where round = 3)) order by 1, 2 => [[1,1,"a"],[1,2,"b2"],[2,1,"other"]]
