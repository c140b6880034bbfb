-- @note a view, and a table of which the role may not read xmin, are read whole at every cycle; that is a poll, no fresh copy: c, u and d
create role plain login; grant usage on schema public to plain;
-- @env DATABASE_URL=postgres://plain@127.0.0.1:$PORT/$DB SYNC_TABLES=public.*,vw SYNC_MODE=history SYNC_TABLE_VW_PRIMARY_KEY=id SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_A_MODE=append
create table t(id int primary key, v text, hidden text); insert into t(id,v) values (1,'a'),(2,'b'); create view vw as select id, v from t;
create table s(like t including all); insert into s table t; create table a(like t including all); insert into a table t; grant select(id,v) on t, s, a to plain; grant select on vw to plain;
-- @once
-- @rc 0
update t set v='a2' where id=1; delete from t where id=2; insert into t values (3,'c'); update s set v='a2' where id=1; delete from s where id=2; insert into s values (3,'c'); update a set v='a2' where id=1; delete from a where id=2; insert into a values (3,'c');
-- @sleep 1.2
-- @once
-- @rc 0
-- @expect select id, v, _op from vw order by id, _valid_from, _op desc => [[1,"a","r"],[1,"a2","u"],[2,"b","r"],[2,"b","d"],[3,"c","c"]]
-- @expect select id, v, _op from t order by id, _valid_from, _op desc => [[1,"a","r"],[1,"a2","u"],[2,"b","r"],[2,"b","d"],[3,"c","c"]]
-- @expect select id, v, _op from s order by id => [[1,"a2","u"],[2,"b","d"],[3,"c","c"]]
-- @expect select id, v, _op from a order by id, _seq => [[1,"a","r"],[1,"a2","u"],[2,"b","r"],[2,null,"d"],[3,"c","c"]]
drop owned by plain; drop role plain;
