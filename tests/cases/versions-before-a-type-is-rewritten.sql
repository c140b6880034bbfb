-- @note what was recorded before a column changed its type need not fit the new one
-- @env SYNC_MODE=history AUDIT=full
create table t(id int primary key, code text, n int); insert into t values (1,'a',1);
-- @setup --audit full --role reader
-- @once
update t set code='abc'; insert into t values (2,'short-lived',2); delete from t where id=2;
alter table t alter code type int using length(code);
update t set n=2;
-- @once
-- @rc 0
-- @cmp public.t id t_current
-- @expect select id, n, coalesce(code::varchar, to_json(t)->>'code__2'), _op from t order by id, _valid_from, _op => [[1,1,"a","r"],[1,1,"abc","u"],[1,2,"3","u"],[2,2,"short-lived","c"],[2,2,"short-lived","d"]]
