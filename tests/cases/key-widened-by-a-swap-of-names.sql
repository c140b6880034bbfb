-- @note int -> bigint as it is done without downtime: a second column, filled, that takes the first one's name; the old one is dropped later
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_CLOCK_MODE=append
create table m(id int primary key, v text); insert into m select i, 'v'||i from generate_series(1,6) i;
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
create table clock(round int primary key); insert into clock values (1);
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('delete from %1$I where id in (3,4); alter table %1$I add id_new bigint', t); end loop; end $$;
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('update %1$I set id_new = id', t); end loop; end $$; insert into clock values (2);
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('alter table %1$I drop constraint %2$I; alter table %1$I rename id to id_old; alter table %1$I rename id_new to id; alter table %1$I add primary key(id); alter table %1$I alter id_old drop not null;
    insert into %1$I(id,v) values (5000000000,''big''); update %1$I set v = ''x'' where id = 1', t, t || '_pkey'); end loop; end $$; insert into clock values (3);
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h id h_current
-- @expect select id, v from s where _deleted_at is null order by 1 => [[1,"x"],[2,"v2"],[5,"v5"],[6,"v6"],[5000000000,"big"]]
-- @expect select id_old, v from s where _deleted_at is not null order by 1 => [[3,"v3"],[4,"v4"]]
-- @expect select id, v from (from a where id is not null qualify row_number() over (partition by id order by _seq desc) = 1) where _op <> 'd' order by 1 => [[1,"x"],[2,"v2"],[5,"v5"],[6,"v6"],[5000000000,"big"]]
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('alter table %1$I drop id_old; delete from %1$I where id = 2', t); end loop; end $$;
-- @once
-- @rc 0
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h id h_current
-- @expect select id_old, v from s where _deleted_at is not null order by v => [[2,"v2"],[3,"v3"],[4,"v4"]]
-- @expect select id_old, v from h_as_of((select _synced_at from clock where round = 1)) order by 1 => [[1,"v1"],[2,"v2"],[3,"v3"],[4,"v4"],[5,"v5"],[6,"v6"]]
-- @expect select id_old, id, v from h_as_of((select _synced_at from clock where round = 2)) order by 1 => [[1,1,"v1"],[2,2,"v2"],[5,5,"v5"],[6,6,"v6"]]
-- @expect select id, v from h_as_of((select _synced_at from clock where round = 3)) order by 1 => [[1,"x"],[2,"v2"],[5,"v5"],[6,"v6"],[5000000000,"big"]]
