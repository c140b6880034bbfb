-- @note every version was recorded, so a rewrite of the table before the next poll loses none
-- @env SYNC_MODE=history AUDIT=full
create table t(id int primary key, v text); insert into t values (1,'a');
-- @setup --audit full --role reader
-- @once
update t set v='b'; update t set v='c'; insert into t values (2,'short-lived'); delete from t where id=2;
cluster t using t_pkey;
-- @once
-- @rc 0
-- @cmp public.t id t_current
-- @expect select id, v, _op from t order by id, _valid_from, _op => [[1,"a","r"],[1,"b","u"],[1,"c","u"],[2,"short-lived","c"],[2,"short-lived","d"]]
update t set v='d';
-- @once
-- @expect select id, v, _op from t order by id, _valid_from, _op => [[1,"a","r"],[1,"b","u"],[1,"c","u"],[1,"d","u"],[2,"short-lived","c"],[2,"short-lived","d"]]
