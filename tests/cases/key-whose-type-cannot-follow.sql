-- @note a key of text becomes int, a bigint becomes int, and both change values at the same time: old rows keep theirs in id__1
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_B_MODE=soft_delete SYNC_TABLE_CLOCK_MODE=append
create table m(id text primary key, v text); insert into m values ('01','a'),('02','b'),('03','c');
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
create table b(id bigint primary key, v text); insert into b values (1,'a'),(2,'b'),(5000000000,'big'); create table clock(round int primary key); insert into clock values (1);
-- @once
delete from m where id='03'; delete from s where id='03'; delete from h where id='03'; delete from a where id='03'; delete from b where id > 2; insert into clock values (2);
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a','b'] loop execute format('alter table %1$I alter id type int using id::int; insert into %1$I values (4,''d'')', t); end loop; end $$; insert into clock values (3);
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h id h_current
-- @expect select id, v from s where _deleted_at is null order by 1 => [[1,"a"],[2,"b"],[4,"d"]]
-- @expect select id__1, v from s where _deleted_at is not null => [["03","c"]]
-- @expect select id, v from b where _deleted_at is null order by 1 => [[1,"a"],[2,"b"],[4,"d"]]
-- @expect select id__1, v from b where _deleted_at is not null => [["5000000000","big"]]
-- @expect select id__1, v from h_as_of((select _synced_at from clock where round = 1)) order by 1 => [["01","a"],["02","b"],["03","c"]]
-- @expect select id__1, v from h_as_of((select _synced_at from clock where round = 2)) order by 1 => [["01","a"],["02","b"]]
-- @expect select id, v from h_as_of((select _synced_at from clock where round = 3)) order by 1 => [[1,"a"],[2,"b"],[4,"d"]]
-- @expect select id__1, _op from a where id__1 is not null order by id__1, _seq => [["01","r"],["01","d"],["02","r"],["02","d"],["03","r"],["03","d"]]
-- @expect select id, v, _op from a where id is not null order by id, _seq => [[1,"a","r"],[2,"b","r"],[4,"d","r"]]
delete from m where id=1; delete from s where id=1; delete from h where id=1; delete from b where id=1;
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h id h_current
-- @expect select id, id__1, v from s where _deleted_at is not null order by v => [[1,null,"a"],[null,"03","c"]]
-- @expect select count(*) from h where id = 1 and _op = 'd' => [[1]]
