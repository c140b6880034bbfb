-- @note (id) becomes (tenant, id), the same id comes for another tenant, and a row is deleted, all in one interval: the deleted row is not lost with the old key
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_CLOCK_MODE=append
create table s(id int primary key, v text); insert into s values (1,'a'),(2,'b'),(3,'c'),(4,'d'); create table h(like s including all); insert into h table s; create table a(like s including all); insert into a table s;
create table clock(round int primary key); insert into clock values (1);
-- @once
delete from s where id=4; delete from h where id=4; delete from a where id=4; insert into clock values (2);
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['s','h','a'] loop
  execute format('alter table %1$I add tenant int not null default 1, drop constraint %2$I, add primary key(tenant,id); insert into %1$I values (1,''other'',2); delete from %1$I where id = 3', t, t || '_pkey'); end loop; end $$; insert into clock values (3);
-- @once
-- @rc 0
-- @expect select tenant, id, v from s where _deleted_at is null order by 1, 2 => [[1,1,"a"],[1,2,"b"],[2,1,"other"]]
-- @expect select id, v, _op from s where _deleted_at is not null order by 1 => [[3,"c","d"],[4,"d","d"]]
-- @cmp public.h tenant,id h_current
-- @expect select id, v from h_as_of((select _synced_at from clock where round = 1)) order by 1 => [[1,"a"],[2,"b"],[3,"c"],[4,"d"]]
-- @expect select id, v from h_as_of((select _synced_at from clock where round = 2)) order by 1 => [[1,"a"],[2,"b"],[3,"c"]]
-- @expect select tenant, id, v from h_as_of((select _synced_at from clock where round = 3)) order by 1, 2 => [[1,1,"a"],[1,2,"b"],[2,1,"other"]]
-- @expect select id, _op from a where id > 2 order by id, _seq => [[3,"r"],[3,"d"],[4,"r"],[4,"d"]]
-- @expect select tenant, id, v from (from a qualify row_number() over (partition by tenant, id order by _seq desc) = 1) where _op <> 'd' order by 1, 2 => [[1,1,"a"],[1,2,"b"],[2,1,"other"]]
