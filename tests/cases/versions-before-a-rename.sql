-- @note a column that is renamed between two polls keeps what was recorded under its former name
-- @env SYNC_MODE=history AUDIT=full
create table t(id int primary key, v text, n int); insert into t values (1,'a',1);
-- @setup --audit full --role reader
-- @once
update t set v='b'; update t set v='c';
alter table t rename v to w;
update t set w='d';
alter table t rename w to x;
update t set x='e';
-- @once
-- @rc 0
-- @cmp public.t id t_current
-- @expect select id, x, n, _op from t order by id, _valid_from, _op => [[1,"a",1,"r"],[1,"b",1,"u"],[1,"c",1,"u"],[1,"d",1,"u"],[1,"e",1,"u"]]
alter table t rename x to y; update t set y='f'; alter table t rename y to x; update t set x='g';
-- @once
-- @rc 0
-- @expect select x from t order by _valid_from => [["a"],["b"],["c"],["d"],["e"],["f"],["g"]]
