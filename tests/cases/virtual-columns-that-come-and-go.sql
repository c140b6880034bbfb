-- @pg 18
-- @note what was recorded while there was a virtual generated column is not taken for a row; from the next cycle on every version is told again
create table t(id int primary key, price int); insert into t values (1,10),(2,20),(3,30);
create table gone(id int primary key, price int, gross int generated always as (price*2)); insert into gone(id,price) values (1,10),(2,20),(3,30);
create table brief(id int primary key, price int); insert into brief values (1,10);
create table ap(id int primary key, price int, gross int generated always as (price*2)); insert into ap(id,price) values (1,10);
create table sd(id int primary key, price int, gross int generated always as (price*2)); insert into sd(id,price) values (1,10),(2,20);
-- @env SYNC_MODE=history SYNC_TABLE_AP_MODE=append SYNC_TABLE_SD_MODE=soft_delete
-- @setup --audit full --role reader
-- @once
-- @rc 0
alter table t add gross int generated always as (price*2); update t set price=11 where id=1; update t set price=12 where id=1;
update gone set price=11 where id=1; delete from gone where id=2; update gone set price=12 where id=1;
-- @note another transaction
alter table gone drop gross; update gone set price=13 where id=1;
update ap set price=11; alter table ap drop gross; update ap set price=12; 
update sd set price=11 where id=1; delete from sd where id=1; alter table sd drop gross;
alter table brief add gross int generated always as (price*2); update brief set price=11;
-- @note another transaction
alter table brief drop gross; update brief set price=12;
-- @once
-- @rc 0
-- @expect select id, price, gross from t where _is_current order by id => [[1,12,24],[2,20,40],[3,30,60]]
-- @expect select count(*) from t where gross is null and _valid_to is null => [[0]]
-- @expect select id, price, gross from gone where not _is_current order by id => [[1,10,20],[2,20,40],[2,20,40]]
-- @expect select id, price from gone where _is_current order by id => [[1,13],[3,30]]
-- @expect select price, gross, _op from ap order by _seq => [[10,20,"r"],[12,null,"u"]]
-- @expect select id, price, gross, _op from sd order by id => [[1,10,20,"d"],[2,20,40,"r"]]
-- @expect select price from brief order by _valid_from => [[10],[11],[12]]
-- @expect select count(*) from duckdb_columns() where table_name = 'brief' and column_name like 'gross%' => [[0]]
update gone set price=14 where id=1; update gone set price=15 where id=1; update ap set price=13; update ap set price=14;
-- @once
-- @rc 0
-- @expect select price from gone where id=1 order by _valid_from => [[10],[13],[14],[15]]
-- @expect select price from ap order by _seq => [[10],[12],[13],[14]]
