-- @note a table that is renamed, also by case only, is the same table in every mode: its lake table and its views go with it
-- @env SYNC_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_ARCHIVE_MODE=append SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_SOFT_MODE=soft_delete
create table "Orders"(id int primary key, v text); insert into "Orders" values (1,'a'),(2,'b'); create table x(id int primary key, v text); insert into x values (1,'x1'); 
create table a(like x including all); insert into a table x; create table s(id int primary key, v text); insert into s values (1,'s1'),(2,'s2');
-- @once
update "Orders" set v='a2' where id=1; update x set v='x2'; update a set v='a2'; delete from s where id=2;
-- @sleep 1.2
-- @once
alter table "Orders" rename to orders; alter table x rename to z; alter table a rename to archive; alter table s rename to soft;
insert into orders values (3,'c'); update z set v='x3'; update archive set v='a3';
-- @once
-- @rc 0
-- @cmp public.orders id orders_current
-- @cmp public.z id z_current
-- @expect select id, v, _op from orders order by id, _valid_from => [[1,"a","r"],[1,"a2","u"],[2,"b","r"],[3,"c","c"]]
-- @expect select v, _op from z order by _valid_from => [["x1","r"],["x2","u"],["x3","u"]]
-- @expect select v from z_as_of(now()) => [["x3"]]
-- @expect select v, _op from archive order by _seq => [["x1","r"],["a2","u"],["a3","u"]]
-- @expect select id, v, _deleted_at is null from soft order by id => [[1,"s1","true"],[2,"s2","false"]]
-- @expect select table_name from duckdb_tables() where schema_name = 'main' order by 1 => [["archive"],["orders"],["soft"],["z"]]
-- @expect select view_name from duckdb_views() where schema_name = 'main' and not internal order by 1 => [["orders_current"],["z_current"]]
-- @expect select source_table, lake_table from _pg2duck.sync order by 1 => [["archive","archive"],["orders","orders"],["soft","soft"],["z","z"]]
-- @once
-- @rc 0
-- @expect select source_table, count(*) from _pg2duck.columns where state = 'current' group by all order by 1 => [["archive",2],["orders",2],["soft",2],["z",2]]
