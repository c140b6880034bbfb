-- @note two columns that exchange their names in a circle
-- @env SYNC_MODE=history AUDIT=full
create table t(id int primary key, a text, b text); insert into t values (1,'a1','b1');
-- @setup --audit full --role reader
-- @once
update t set a='a2', b='b2';
alter table t rename a to c; alter table t rename b to a; alter table t rename c to b;
update t set b='a3';
-- @once
-- @rc 0
-- @cmp public.t id t_current
-- @expect select id, b, a, _op from t order by id, _valid_from, _op => [[1,"a1","b1","r"],[1,"a2","b2","u"],[1,"a3","b2","u"]]
