-- @note TRUNCATE and a dropped partition record no rows: what they took is marked as it last was
-- @env SYNC_MODE=soft_delete
create table t(id int primary key, v text); insert into t values (1,'a'),(2,'b'),(3,'c');
create table p(id int, region text, v text, primary key (id, region)) partition by list (region);
create table p_eu partition of p for values in ('eu'); create table p_us partition of p for values in ('us');
insert into p values (1,'eu','a'),(2,'us','b');
-- @setup --audit full --role reader
-- @once
alter table t add column n int;
update t set v='a2', n=1 where id=1; insert into t values (4,'short-lived',4); truncate t; insert into t values (2,'again',2);
update p set v='a2'; insert into p values (3,'us','c'); update p_us set v='b2'; drop table p_us;
-- @once
-- @rc 0
-- @expect select id, v, n, _op, _deleted_at is null from t order by id => [[1,"a2",1,"d",false],[2,"again",2,"r",true],[3,"c",null,"d",false],[4,"short-lived",4,"d",false]]
-- @expect select id, v, _op, _deleted_at is null from p order by id => [[1,"a2","r",true],[2,"b2","d",false],[3,"b2","d",false]]
