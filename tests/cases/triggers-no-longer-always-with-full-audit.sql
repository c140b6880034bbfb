-- @note what was recorded before triggers could be passed by is still told, and what came after is what polls see
-- @env SYNC_MODE=history SYNC_TABLE_AP_MODE=append SYNC_TABLE_SD_MODE=soft_delete
create table t(id int primary key, v text); insert into t values (1,'a'),(2,'a'),(3,'a'),(4,'a');
create table ap(id int primary key, v text); insert into ap values (1,'a'),(2,'a'),(3,'a');
create table sd(id int primary key, v text); insert into sd values (1,'a'),(2,'a'),(3,'a');
-- @setup --audit full --role reader
-- @once
-- @rc 0
update t set v='b' where id=1; update t set v='c' where id=1; update t set v='last' where id=2; delete from t where id=2; update ap set v='b' where id=1; update ap set v='c' where id=1; update sd set v='last' where id=2; delete from sd where id=2;
alter table t disable trigger all; alter table t enable trigger all; alter table ap disable trigger all; alter table ap enable trigger all; alter table sd disable trigger all; alter table sd enable trigger all;
set session_replication_role = replica; update t set v='d' where id=1; delete from t where id=3; update t set v='x' where id=4; update ap set v='d' where id=1; delete from ap where id=3; update sd set v='x' where id=3; reset session_replication_role;
-- @once
-- @rc 0
-- @sleep 1.2
-- @once
-- @rc 0
-- @expect select v, _op from t where id=1 order by _valid_from => [["a","r"],["b","u"],["c","u"],["d","u"]]
-- @expect select id, v, _op from t where id in (2,3) order by id, _valid_from, _op desc => [[2,"a","r"],[2,"last","u"],[2,"last","d"],[3,"a","r"],[3,"a","d"]]
-- @expect select v, _op from ap where id=1 order by _seq => [["a","r"],["b","u"],["c","u"],["d","u"]]
-- @expect select id, _op from ap where id=3 order by _seq => [[3,"r"],[3,"d"]]
-- @expect select id, v, _op from sd order by id => [[1,"a","r"],[2,"last","d"],[3,"x","u"]]
update t set v='e' where id=1; update t set v='f' where id=1;
-- @once
-- @expect select v from t where id=1 order by _valid_from => [["a"],["b"],["c"],["d"],["f"]]
-- @expect select count(*) from t where id=4 and _is_current and v='x' => [[1]]
-- @setup --role reader
-- @once
-- @rc 0
set session_replication_role = replica; update t set v='g' where id=1; update t set v='h' where id=1; delete from ap where id=2; reset session_replication_role;
-- @once
-- @rc 0
-- @expect select v from t where id=1 order by _valid_from => [["a"],["b"],["c"],["d"],["f"],["g"],["h"]]
-- @expect select id, _op from ap where id=2 order by _seq => [[2,"r"],[2,"d"]]
-- @env AUDIT=full
alter table t disable trigger all; alter table t enable trigger all; insert into t values (7,'n');
-- @once
-- @rc 1
-- @says AUDIT=full asks for every version of public.t
