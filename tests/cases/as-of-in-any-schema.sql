-- @note the macro of a history table finds its table whatever the schema is called: as one of DuckDB's catalogs, or as the reader's own
-- @env SYNC_TABLES=*.* SYNC_MODE=history
create schema temp; create schema system; create schema memory; create schema lake; create schema warehouse; create schema pg2duck_lake;
create table t(id int primary key, a text); insert into t values (1,'x'), (2,'x');
create table temp.t(like t including all); insert into temp.t table t;
create table system.t(like t including all); insert into system.t table t;
create table memory."orders.csv"(like t including all); insert into memory."orders.csv" table t;
create table lake.t(like t including all); insert into lake.t table t;
create table warehouse."O""r"(like t including all); insert into warehouse."O""r" table t;
create table pg2duck_lake.t(like t including all); insert into pg2duck_lake.t table t;
-- @once
-- @rc 0
delete from t where id = 2; delete from temp.t where id = 2; delete from system.t where id = 2; delete from memory."orders.csv" where id = 2;
delete from lake.t where id = 2; delete from warehouse."O""r" where id = 2; delete from pg2duck_lake.t where id = 2;
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp warehouse."O""r" id warehouse.warehouse."O""r_current"
-- @expect select id, a from warehouse.main.t_as_of(now()) => [[1,"x"]]
-- @expect select id, a from warehouse.temp.t_as_of(now()) => [[1,"x"]]
-- @expect select id, a from warehouse.system.t_as_of(now()) => [[1,"x"]]
-- @expect select id, a from warehouse.memory."orders.csv_as_of"(now()) => [[1,"x"]]
-- @expect select id, a from warehouse.lake.t_as_of(now()) => [[1,"x"]]
-- @expect select id, a from warehouse.warehouse."O""r_as_of"(now()) => [[1,"x"]]
-- @expect select id, a from warehouse.pg2duck_lake.t_as_of(now()) => [[1,"x"]]
