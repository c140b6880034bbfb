-- @note a key, and half a key, that is renamed: deletes and updates after it find their rows, in every mode
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_CLOCK_MODE=append
create table m(id int, "Part" text, name text, primary key(id,"Part")); insert into m select i,'p','n'||i from generate_series(1,5) i;
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
create table clock(round int primary key); insert into clock values (1);
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('delete from %1$I where id = 5', t); end loop; end $$;
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('update %1$I set name = ''x'' where id = 4; alter table %1$I rename id to "AccountId"; alter table %1$I rename "Part" to id', t); end loop; end $$; insert into clock values (2);
-- @once
-- @rc 0
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('update %1$I set name = ''new'' where "AccountId" = 1; delete from %1$I where "AccountId" = 2; update %1$I set id = ''q'' where "AccountId" = 3', t); end loop; end $$; insert into clock values (3);
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp public.m AccountId,id
-- @expect select "AccountId", id, name from h_current order by 1 => [[1,"p","new"],[3,"q","n3"],[4,"p","x"]]
-- @expect select "AccountId", id, name from s where _deleted_at is null order by 1 => [[1,"p","new"],[3,"q","n3"],[4,"p","x"]]
-- @expect select "AccountId", id, name from s where _deleted_at is not null order by 1 => [[2,"p","n2"],[3,"p","n3"],[5,"p","n5"]]
-- @expect select "AccountId", id, name, _op from h order by 1, _valid_from, id, _op desc => [[1,"p","n1","r"],[1,"p","new","u"],[2,"p","n2","r"],[2,"p","n2","d"],[3,"p","n3","r"],[3,"p","n3","d"],[3,"q","n3","c"],[4,"p","n4","r"],[4,"p","x","u"],[5,"p","n5","r"],[5,"p","n5","d"]]
-- @expect select "AccountId", name from h_as_of((select _synced_at from clock where round = 1)) order by 1 => [[1,"n1"],[2,"n2"],[3,"n3"],[4,"n4"],[5,"n5"]]
-- @expect select "AccountId", name from h_as_of((select _synced_at from clock where round = 2)) order by 1 => [[1,"n1"],[2,"n2"],[3,"n3"],[4,"x"]]
-- @expect select "AccountId", id, _op from a order by 1, id, _seq => [[1,"p","r"],[1,"p","u"],[2,"p","r"],[2,"p","d"],[3,"p","r"],[3,"p","d"],[3,"q","c"],[4,"p","r"],[4,"p","u"],[5,"p","r"],[5,"p","d"]]
-- @expect select source_table, count(*) from _pg2duck.batches where kind = 'bootstrap' and source_table in ('m','s','h','a') group by all order by 1 => [["a",1],["h",1],["m",1],["s",1]]
