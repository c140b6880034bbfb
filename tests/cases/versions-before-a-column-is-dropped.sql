-- @note what a column held is in every version that was recorded while it was there
-- @env SYNC_MODE=history AUDIT=full
create table t(id int primary key, v text, note text); insert into t values (1,'a','keep');
-- @setup --audit full --role reader
-- @once
update t set note='keep too';
alter table t drop column note;
update t set v='b';
-- @once
-- @rc 0
-- @cmp public.t id t_current
-- @expect select id, v, note, _op from t order by id, _valid_from, _op => [[1,"a","keep","r"],[1,"a","keep too","u"],[1,"b",null,"u"]]
