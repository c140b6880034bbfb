-- @note a table that is dropped and made again: what was recorded of the former one is not lost
-- @env SYNC_MODE=history AUDIT=full
create table t(id int primary key, v text, gone text); insert into t values (1,'a','x'),(2,'b','y');
-- @setup --audit full --role reader
-- @once
update t set v='c', gone='z' where id=1; insert into t values (3,'short-lived','w'); delete from t where id=3;
drop table t; create table t(v text, id int primary key);
insert into t values ('before setup', 1);
grant select on t to reader;
-- @setup --audit full --role reader
update t set v='after setup' where id=1;
-- @once
-- @rc 0
-- @cmp public.t id t_current
-- @expect select id, v, gone, _op from t order by id, _valid_from, _op => [[1,"a","x","r"],[1,"c","z","u"],[1,"after setup",null,"u"],[2,"b","y","r"],[2,"b","y","d"],[3,"short-lived","w","c"],[3,"short-lived","w","d"]]
