-- @note TRUNCATE takes a fresh copy, which closes what is gone; what was recorded before and after it is there, with an end between
-- @env SYNC_MODE=history AUDIT=full
create table t(id int primary key, v text); insert into t values (1,'a'),(2,'b');
-- @setup --audit full --role reader
-- @once
update t set v='c' where id=1; truncate t; insert into t values (1,'again'); update t set v='once more';
-- @once
-- @rc 0
-- @cmp public.t id t_current
-- @expect select id, v, _op from t order by id, rowid => [[1,"a","r"],[1,"c","u"],[1,"c","d"],[1,"again","c"],[1,"once more","u"],[2,"b","r"],[2,"b","d"]]
