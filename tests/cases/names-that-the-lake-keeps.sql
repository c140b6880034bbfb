-- @note names that DuckDB or pg2duck needs for itself in the lake: refused, and nobody else is hurt; one staging table is never another's
create table orders(id int primary key, v text, gone text); insert into orders values (1,'x','g');
create table orders_final(id int primary key, v text); insert into orders_final values (1,'final');
create table _pg2duck_staging_orders(id int primary key); insert into _pg2duck_staging_orders values (7);
-- @once
-- @rc 1
-- @says names that begin so are pg2duck's own; give it another name with DUCKDB_TABLE
-- @cmp public.orders id
-- @cmp public.orders_final id
alter table orders drop gone; truncate orders, orders_final; insert into orders values (1,'y'); insert into orders_final select g, 'z' from generate_series(1,70000) g;
-- @once
-- @rc 1
-- @cmp public.orders id
-- @cmp public.orders_final id
-- @expect select gone from orders => [["g"]]
drop table _pg2duck_staging_orders;
-- @once
-- @rc 0
-- @env DUCKDB_TABLE=information_schema.{table}
-- @once
-- @rc 1
-- @says DuckDB has that schema for itself; give it another name with DUCKDB_TABLE
