-- @note pg2duck resync applies what was recorded before it copies
-- @env SYNC_MODE=history AUDIT=full
create table t(id int primary key, v text); insert into t values (1,'a');
-- @setup --audit full --role reader
-- @once
update t set v='b'; update t set v='c'; insert into t values (2,'short-lived'); delete from t where id=2;
-- @resync public.t
-- @rc 0
-- @expect select id, v, _op from t order by id, _valid_from, _op => [[1,"a","r"],[1,"b","u"],[1,"c","u"],[2,"short-lived","c"],[2,"short-lived","d"]]
update t set v='d';
-- @once
-- @cmp public.t id t_current
-- @expect select v, _op from t where id = 1 order by _valid_from => [["a","r"],["b","u"],["c","u"],["d","u"]]
