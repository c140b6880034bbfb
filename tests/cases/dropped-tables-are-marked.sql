-- @note a table that the source dropped, or that is selected no more, is marked in _pg2duck.sync until it is followed again
create table t(id int primary key); insert into t values (1); create table u(id int primary key);
create table dropped(id int primary key, v text); insert into dropped values (1,'kept');
create table left_out(id int primary key); create schema other; create table other.moved(id int primary key);
-- @env SYNC_TABLES=public.*,other.* SYNC_TABLE_DROPPED_MODE=history
-- @once
drop table dropped;
-- @once
-- @rc 0
-- @expect select source_table, last_error like '%dropped%' from _pg2duck.sync where last_error is not null => [["dropped","true"]]
-- @expect select v from dropped => [["kept"]]
-- @env SYNC_TABLES=public.*,other.*,!public.left_out
drop table other.moved;
-- @once
-- @rc 0
-- @expect select source_table, last_error like '%selected no more%' from _pg2duck.sync where last_error is not null order by 1 => [["dropped","false"],["left_out","true"],["moved","false"]]
-- @sleep 1.5
insert into t values (2);
-- @once
-- @expect select source_table from _pg2duck.sync where lag_seconds >= 1.5 order by 1 => [["dropped"],["left_out"],["moved"]]
create table dropped(id int primary key, v text); insert into dropped values (2,'new');
-- @env SYNC_TABLES=public.*,other.*
-- @once
-- @rc 0
-- @expect select source_table from _pg2duck.sync where last_error is not null => [["moved"]]
-- @expect select v from dropped_current => [["new"]]
-- @note also one that was failing, and one that the loop loses
create table keyless(v text);
-- @once
-- @rc 1
drop table keyless;
-- @once
-- @rc 0
-- @expect select count(*) from _pg2duck.sync where source_table = 'keyless' => [["0"]]
-- @run start
drop table u;
-- @sleep 3
-- @run stop
-- @expect select source_table, last_error like '%dropped%' from _pg2duck.sync where last_error is not null order by 1 => [["moved","true"],["u","true"]]
