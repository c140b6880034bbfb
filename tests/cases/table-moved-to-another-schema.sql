-- @note under DUCKDB_TABLE={table} a table that moves to another schema stays where it is; under {schema}.{table} its lake table moves along, past and all
create schema "New Home"; create schema old;
-- @env SYNC_TABLES=*.* SYNC_MODE=history DUCKDB_TABLE={table}
create table orders(id int primary key, v text); insert into orders values (1,'a'),(2,'b');
-- @once
update orders set v='a2' where id=1;
-- @once
alter table orders set schema "New Home"; update "New Home".orders set v='a3' where id=1;
-- @once
-- @rc 0
-- @cmp "New Home"."orders" id orders_current
-- @expect select id, v, _op from orders order by id, _valid_from => [[1,"a","r"],[1,"a2","u"],[1,"a3","u"],[2,"b","r"]]
-- @expect select source_schema, source_table, lake_schema, lake_table from _pg2duck.sync => [["New Home","orders","main","orders"]]
-- @unenv DUCKDB_TABLE
-- @once
-- @rc 0
-- @expect select id, v, _op from "New Home".orders order by id, _valid_from => [[1,"a","r"],[1,"a2","u"],[1,"a3","u"],[2,"b","r"]]
alter table "New Home".orders set schema old; alter table old.orders rename to "Or ders"; delete from old."Or ders" where id=2;
-- @sleep 1.2
-- @once
-- @rc 0
-- @expect select id, v, _op from old."Or ders" order by id, _valid_from, _op desc => [[1,"a","r"],[1,"a2","u"],[1,"a3","u"],[2,"b","r"],[2,"b","d"]]
-- @expect select id, v from old."Or ders_current" => [[1,"a3"]]
-- @expect select id, v from warehouse.old."Or ders_as_of"(now()) => [[1,"a3"]]
-- @expect select schema_name, table_name from duckdb_tables() where schema_name <> '_pg2duck' => [["old","Or ders"]]
