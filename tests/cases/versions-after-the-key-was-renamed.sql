-- @note triggers that do not know the key any more record every version all the same
-- @env SYNC_MODE=history AUDIT=full
create table t(id int primary key, v text); insert into t values (1,'a'),(2,'b'),(3,'c');
-- @setup --audit full --role reader
-- @once
update t set v='a2' where id=1;
alter table t rename id to number;
update t set v='a3' where number=1; delete from t where number=2; update t set number=30 where number=3; insert into t values (4,'d');
update t set v='d2' where number=4;
-- @once
-- @rc 0
-- @cmp public.t number t_current
-- @expect select number, v, _op from t order by number, _valid_from, _op => [[1,"a","r"],[1,"a2","u"],[1,"a3","u"],[2,"b","r"],[2,"b","d"],[3,"c","r"],[3,"c","d"],[4,"d","c"],[4,"d2","u"],[30,"c","c"]]
-- @setup --audit full --role reader
update t set v='a4' where number=1;
-- @once
-- @expect select v from t where number=1 order by _valid_from => [["a"],["a2"],["a3"],["a4"]]
