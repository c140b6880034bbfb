-- @note a row is deleted in the interval in which (id) becomes (tenant, id), and one in which a key is renamed: soft_delete has them, marked, and the log their d
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append
create table s(id int primary key, v text); insert into s values (1,'a'),(2,'b'),(3,'c'); create table h(like s including all); insert into h table s; create table a(like s including all); insert into a table s;
-- @once
do $$ declare t text; begin foreach t in array array['s','h','a'] loop
  execute format('alter table %1$I add tenant int not null default 1, drop constraint %2$I, add primary key(tenant,id); delete from %1$I where id = 3', t, t || '_pkey'); end loop; end $$;
-- @once
-- @rc 0
-- @expect select id, v from s where _deleted_at is null order by 1 => [[1,"a"],[2,"b"]]
-- @expect select id, v, _op from s where _deleted_at is not null => [[3,"c","d"]]
-- @expect select id, v from h where id = 3 and not _is_current and _op = 'r' => [[3,"c"]]
-- @expect select id, _op from a where id = 3 order by _seq => [[3,"r"],[3,"d"]]
do $$ declare t text; begin foreach t in array array['s','h','a'] loop execute format('alter table %1$I rename id to nr; delete from %1$I where nr = 2', t); end loop; end $$;
-- @once
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp public.h tenant,nr h_current
-- @expect select nr, v from s where _deleted_at is not null order by 1 => [[2,"b"],[3,"c"]]
-- @expect select nr, _op from a where nr = 2 and tenant = 1 order by _seq => [[2,"r"],[2,"d"]]
