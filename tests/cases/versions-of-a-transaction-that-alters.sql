-- @note one transaction updates, alters and updates again
-- @env SYNC_MODE=append AUDIT=full
create table t(id int primary key, v text, n int); insert into t values (1,'a',1);
-- @setup --audit full --role reader
-- @once
begin;
update t set v='b';
alter table t rename v to w; alter table t add column extra numeric(6,2) default 1.5; alter table t alter n type bigint;
update t set w='c', n=5000000000;
alter table t drop column extra;
update t set w='d';
commit;
-- @once
-- @rc 0
-- @expect select id, w, n, extra, _op, _before::varchar from t order by _seq => [[1,"a",1,null,"r",null],[1,"b",1,null,"u","{\"id\":1,\"v\":\"a\",\"n\":1}"],[1,"c",5000000000,"1.50","u","{\"id\":1,\"w\":\"b\",\"n\":1,\"extra\":1.50}"],[1,"d",5000000000,null,"u","{\"id\":1,\"w\":\"c\",\"n\":5000000000}"]]
