-- @note ADD COLUMN ... DEFAULT takes a fresh copy, and loses no version that was recorded before or after it
-- @env SYNC_MODE=history AUDIT=full
create table t(id int primary key, v text); insert into t values (1,'a'),(2,'never touched');
-- @setup --audit full --role reader
-- @once
update t set v='b' where id=1;
alter table t add column note text default 'x';
update t set v='c' where id=1;
-- @once
-- @rc 0
-- @cmp public.t id t_current
-- @expect select id, v, note, _op from t order by id, _valid_from, _op => [[1,"a",null,"r"],[1,"b",null,"u"],[1,"c","x","u"],[2,"never touched",null,"r"],[2,"never touched","x","r"]]
