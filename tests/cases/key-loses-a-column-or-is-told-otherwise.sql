-- @note (tenant, id) becomes (id); the same columns in another order; another key by setting: what is current is the source, what was deleted stays
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_O_MODE=history
create table m(tenant int, id int, code text not null, primary key(tenant,id)); insert into m values (1,1,'x'),(1,2,'y'),(2,3,'z');
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m; create table o(like m including all); insert into o table m;
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('delete from %I where id = 2', t); end loop; end $$;
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('alter table %1$I drop constraint %2$I, add primary key(id); update %1$I set tenant = 9 where id = 1', t, t || '_pkey'); end loop; end $$;
alter table o drop constraint o_pkey, add primary key(id,tenant);
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h id h_current
-- @expect select tenant, id, code, _op from o order by 2 => [[1,1,"x","r"],[1,2,"y","r"],[2,3,"z","r"]]
-- @expect select tenant, id, code from s order by id, tenant => [[9,1,"x"],[1,2,"y"],[2,3,"z"]]
-- @expect select id, code, _deleted_at is null from s where _deleted_at is not null => [[2,"y","false"]]
-- @expect select tenant, id from (from a qualify row_number() over (partition by id order by _seq desc) = 1) where _op <> 'd' order by id => [[9,1],[2,3]]
-- @env SYNC_TABLE_M_PRIMARY_KEY=code SYNC_TABLE_S_PRIMARY_KEY=code SYNC_TABLE_H_PRIMARY_KEY=code SYNC_TABLE_A_PRIMARY_KEY=code
update m set code='w' where id=3; update h set code='w' where id=3; update s set code='w' where id=3; update a set code='w' where id=3;
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp public.m code
-- @cmp public.h code h_current
-- @expect select tenant, id, code from s where _deleted_at is null order by id => [[9,1,"x"],[2,3,"w"]]
-- @expect select code from s where _deleted_at is not null and id = 2 => [["y"]]
-- @expect select id, code from (from a where code is not null qualify row_number() over (partition by code order by _seq desc) = 1) where code in ('x','w') order by id => [[1,"x"],[3,"w"]]
