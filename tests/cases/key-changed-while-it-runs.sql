-- @note (id) to (tenant, id) to a new bigint under `run`, rows changing in the same transactions, two tables at once
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_S_MODE=soft_delete
create table m(id int primary key, v text); insert into m select g, 'v'||g from generate_series(1,50) g;
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m;
-- @run start
do $$ declare t text; begin foreach t in array array['m','s','h'] loop execute format('delete from %1$I where id > 48; update %1$I set v = ''x'' where id = 1', t); end loop; end $$;
-- @sleep 4
do $$ declare t text; begin foreach t in array array['m','s','h'] loop
  execute format('alter table %1$I add tenant int not null default 1, drop constraint %2$I, add primary key(tenant,id); insert into %1$I values (1,''t2'',2); delete from %1$I where id = 48', t, t || '_pkey'); end loop; end $$;
-- @sleep 5
do $$ declare t text; begin foreach t in array array['m','s','h'] loop
  execute format('alter table %1$I add big bigint generated always as identity; alter table %1$I drop constraint %2$I, add primary key(big); delete from %1$I where tenant = 2; update %1$I set v = ''y'' where id = 2', t, t || '_pkey'); end loop; end $$;
-- @sleep 5
-- @run stop
-- @status
-- @rc 0
-- @cmp public.m big
-- @cmp public.h big h_current
-- @cmp public.s big main.s where big is not null and id < 48 and tenant = 1
-- @expect select id, v from s where _deleted_at is not null order by id, v => [[1,"t2"],[48,"v48"],[49,"v49"],[50,"v50"]]
-- @expect select count(*) from s where _deleted_at is null => [[47]]
-- @expect select id, v, _op from h where id = 50 order by _valid_from, _op desc => [[50,"v50","r"],[50,"v50","d"]]
-- @expect select count(*) from (select id, v from h where id = 1 and tenant is null) => [[2]]
