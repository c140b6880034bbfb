-- @note the same where `run` is at work: what is asked of it is refused, or done, as it would be without; a resync in the same mode loses nothing
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_S_MODE=soft_delete
create table h(id int primary key, v text); insert into h values (1,'a'),(2,'b'); create table s(like h including all); insert into s table h; create table other(id int primary key);
-- @run start
update h set v='a2' where id=1; delete from s where id=2;
-- @sleep 4
-- @resync public.h
-- @resync public.s
-- @sleep 4
-- @run stop
-- @expect select id, v, _op from h order by id, _valid_from => [[1,"a","r"],[1,"a2","u"],[2,"b","r"]]
-- @expect select id, v, _deleted_at is null from s order by id => [[1,"a","true"],[2,"b","false"]]
-- @env SYNC_TABLE_H_MODE=append SYNC_TABLE_S_MODE=full
-- @run start
insert into other values (1);
-- @resync public.h
-- @resync public.s
-- @sleep 4
-- @cmp public.other id
-- @expect select id, v, _op from h order by id, _valid_from => [[1,"a","r"],[1,"a2","u"],[2,"b","r"]]
-- @expect select id, v, _deleted_at is null from s order by id => [[1,"a","true"],[2,"b","false"]]
-- @resync --drop-history public.h
-- @rc 0
-- @resync --drop-history public.s
-- @rc 0
-- @sleep 4
-- @run stop
-- @expect select id, v, _op from h order by id => [[1,"a2","r"],[2,"b","r"]]
-- @cmp public.s id
