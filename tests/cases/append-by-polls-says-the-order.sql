-- @note without recorded changes there is no time of writing and no transaction, but an order; it goes on over copies, mode after mode
-- @env SYNC_MODE=append
create table t(id int primary key, v text); insert into t values (1,'a'),(2,'b');
-- @once
update t set v='a2' where id=1;
-- @once
delete from t where id=1; insert into t values (3,'c');
-- @sleep 1.2
-- @once
insert into t values (1,'back');
-- @once
-- @rc 0
-- @expect select id, v, _op from t where id = 1 order by _seq => [[1,"a","r"],[1,"a2","u"],[1,null,"d"],[1,"back","c"]]
-- @expect select count(_changed_at), count(_xid), count(distinct _seq), count(*) from t => [[0,0,6,6]]
-- @expect select count(*) from (select _synced_at < lag(_synced_at) over (order by _seq) as back from t) where back => [[0]]
alter table t alter id type bigint; alter table t add w int default 3;
-- @once
-- @rc 0
-- @expect select id, v, w, _op from (from t qualify row_number() over (partition by id order by _seq desc) = 1) order by id => [[1,"back",3,"r"],[2,"b",3,"r"],[3,"c",3,"r"]]
-- @expect select max(_seq) filter (w is null) < min(_seq) filter (w = 3) from t => [["true"]]
