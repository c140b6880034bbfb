-- @note what polls alone can know: a row updated and deleted between two of them is marked as it was last seen; with keys recorded, the same
-- @env SYNC_MODE=soft_delete
create table s(id int primary key, v text); insert into s values (1,'a'),(2,'b'); create table k(like s including all); insert into k table s;
-- @setup --tables public.k --role reader
-- @once
update s set v='b2' where id=2; delete from s where id=2; insert into s values (3,'short'); delete from s where id=3; update k set v='b2' where id=2; delete from k where id=2; insert into k values (3,'short'); delete from k where id=3;
-- @sleep 1.2
-- @once
-- @rc 0
-- @expect select id, v, _op, _deleted_at is null from s order by id => [[1,"a","r","true"],[2,"b","d","false"]]
-- @expect select id, v, _op, _deleted_at is null from k order by id => [[1,"a","r","true"],[2,"b","d","false"]]
-- @resync public.s
-- @resync public.k
-- @once
-- @rc 0
-- @expect select id, v, _op, _deleted_at is null from s order by id => [[1,"a","r","true"],[2,"b","d","false"]]
-- @expect select id, v, _op, _deleted_at is null from k order by id => [[1,"a","r","true"],[2,"b","d","false"]]
