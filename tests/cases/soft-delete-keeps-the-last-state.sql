-- @note with full triggers the marked row is what it was when it was deleted, and one that no poll saw is there
-- @env SYNC_MODE=soft_delete
create table t(id int primary key, v text); insert into t values (1,'a'),(2,'b'),(3,'c'),(4,'d');
-- @setup --audit full --role reader
-- @once
update t set v='a2' where id=1; delete from t where id=1;
insert into t values (9,'short-lived'); update t set v='nine' where id=9; delete from t where id=9;
delete from t where id=2; insert into t values (2,'again');
update t set v='c2' where id=3; update t set id=33 where id=3;
-- @once
-- @rc 0
-- @expect select id, v, _op, _deleted_at is null from t order by id => [[1,"a2","d",false],[2,"again","u",true],[3,"c2","d",false],[4,"d","r",true],[9,"nine","d",false],[33,"c2","c",true]]
update t set v='d2' where id=4; delete from t where id=4;
alter table t rename v to w;
insert into t values (5,'e'); delete from t where id=5;
-- @once
-- @rc 0
-- @expect select id, w, _op from t where _deleted_at is not null order by id => [[1,"a2","d"],[3,"c2","d"],[4,"d2","d"],[5,"e","d"],[9,"nine","d"]]
update t set w='last' where id=2; delete from t where id=2;
cluster t using t_pkey;
-- @once
-- @rc 0
-- @expect select id, w, _op from t order by id => [[1,"a2","d"],[2,"last","d"],[3,"c2","d"],[4,"d2","d"],[5,"e","d"],[9,"nine","d"],[33, "c2", "c"]]
