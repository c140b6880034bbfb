-- @note (id) becomes (tenant, id), tenant new and filled by its default: old rows have no value in the new key, and are neither lost nor current
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_CLOCK_MODE=append
create table m(id int primary key, v text); insert into m values (1,'a'),(2,'b'),(3,'c');
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
create table clock(round int primary key); insert into clock values (1);
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('delete from %I where id = 3', t); end loop; end $$; insert into clock values (2);
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('alter table %1$I add "TenantId" int not null default 7, drop constraint %2$I, add primary key("TenantId",id); insert into %1$I values (1,''other'',8)', t, t || '_pkey'); end loop; end $$; insert into clock values (3);
-- @once
-- @rc 0
-- @cmp public.m TenantId,id
-- @expect select "TenantId", id, v from h_current order by 1, 2 => [[7,1,"a"],[7,2,"b"],[8,1,"other"]]
-- @expect select "TenantId", id, v from h_as_of((select _synced_at from clock where round = 2)) order by 2 => [[null,1,"a"],[null,2,"b"]]
-- @expect select "TenantId", id, v from h_as_of((select _synced_at from clock where round = 3)) order by 1, 2 => [[7,1,"a"],[7,2,"b"],[8,1,"other"]]
-- @expect select "TenantId", id, v from s where _deleted_at is null order by 1, 2 => [[7,1,"a"],[7,2,"b"],[8,1,"other"]]
-- @expect select "TenantId", id, v from s where _deleted_at is not null => [[null,3,"c"]]
-- @expect select "TenantId", id, v, _op from a where id < 3 order by id, 1 nulls first, _seq => [[null,1,"a","r"],[null,1,null,"d"],[7,1,"a","r"],[8,1,"other","r"],[null,2,"b","r"],[null,2,null,"d"],[7,2,"b","r"]]
-- @expect select "TenantId", id, v from (from a qualify row_number() over (partition by "TenantId", id order by _seq desc) = 1) where _op <> 'd' order by 1, 2 => [[7,1,"a"],[7,2,"b"],[8,1,"other"]]
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('delete from %1$I where id = 2; update %1$I set v = ''z'' where "TenantId" = 7', t); end loop; end $$;
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp public.m TenantId,id
-- @expect select "TenantId", id, v from h_current order by 1, 2 => [[7,1,"z"],[8,1,"other"]]
-- @expect select "TenantId", id, v from s where _deleted_at is not null order by 2 => [[7,2,"b"],[null,3,"c"]]
-- @expect select count(*) from h where id = 3 => [[2]]
