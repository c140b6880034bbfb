-- @note another column under the same name: each version has the value of its own
-- @env SYNC_MODE=history AUDIT=full
create table t(id int primary key, v text, note text); insert into t values (1,'a','old');
-- @setup --audit full --role reader
-- @once
update t set note='old too';
alter table t drop column note; alter table t add column note int;
update t set note=7;
-- @once
-- @rc 0
-- @cmp public.t id t_current
-- @expect select id, v, note__3, note, _op from t order by id, _valid_from, _op => [[1,"a","old",null,"r"],[1,"a","old too",null,"u"],[1,"a",null,7,"u"]]
