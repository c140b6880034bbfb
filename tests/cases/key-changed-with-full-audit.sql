-- @note with full audit: what was recorded under the old key is applied first, then (id) becomes (tenant, id), and setup again makes the triggers right
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_CLOCK_MODE=append
create table s(id int not null, tenant int not null default 1, v text, primary key(id)); insert into s(id,v) values (1,'a'),(2,'b'),(3,'c');
create table h(like s including all); insert into h table s; create table a(like s including all); insert into a table s; create table clock(round int primary key); insert into clock values (1);
-- @setup --audit full --role reader
-- @once
-- @rc 0
do $$ declare t text; begin foreach t in array array['s','h','a'] loop
  execute format('update %1$I set v = ''b2'' where id = 2; update %1$I set v = ''b3'' where id = 2; delete from %1$I where id = 3;
    alter table %1$I drop constraint %2$I, add primary key(tenant,id); insert into %1$I values (1,2,''other'')', t, t || '_pkey'); end loop; end $$;
-- @setup --audit full --role reader
-- @rc 0
insert into clock values (2);
-- @once
-- @rc 0
-- @cmp public.h tenant,id h_current
-- @expect select v, _op from h where id = 2 and tenant = 1 order by _valid_from => [["b","r"],["b2","u"],["b3","u"]]
-- @expect select v, _op from h where id = 3 order by _valid_from, _op desc => [["c","r"],["c","d"]]
-- @expect select tenant, id, v from s order by id, tenant => [[1,1,"a"],[2,1,"other"],[1,2,"b3"],[1,3,"c"]]
-- @expect select v, _op from a where id = 2 and tenant = 1 order by _seq => [["b","r"],["b2","u"],["b3","u"]]
do $$ declare t text; begin foreach t in array array['s','h','a'] loop execute format('update %1$I set v = ''o2'' where tenant = 2; delete from %1$I where tenant = 2; update %1$I set v = ''z'' where id = 1', t); end loop; end $$; insert into clock values (3);
-- @once
-- @rc 0
-- @cmp public.h tenant,id h_current
-- @expect select v, _op from h where tenant = 2 order by _valid_from, _op desc => [["other","c"],["o2","u"],["o2","d"]]
-- @expect select tenant, id, v, _op from s where _deleted_at is not null order by tenant => [[1,3,"c","d"],[2,1,"o2","d"]]
-- @expect select v, _op, _before->>'v' from a where tenant = 2 order by _seq => [["other","c",null],["o2","u","other"],[null,"d","o2"]]
-- @expect select tenant, id, v from h_as_of((select _synced_at from clock where round = 1)) order by 1, 2 => [[1,1,"a"],[1,2,"b"],[1,3,"c"]]
-- @expect select tenant, id, v from h_as_of((select _synced_at from clock where round = 2)) order by 1, 2 => [[1,1,"a"],[1,2,"b3"],[2,1,"other"]]
-- @expect select tenant, id, v from h_as_of((select _synced_at from clock where round = 3)) order by 1, 2 => [[1,1,"z"],[1,2,"b3"]]
