-- @note the plain case, from the bootstrap to the loop; tests/README.md explains it line by line
create table items(id int primary key, name text, tags text[], updated_at timestamptz not null default now());
create index on items(updated_at);
insert into items select g, 'item ' || g, array['a', null, 'b, "c"'] from generate_series(1, 500) g;
-- @once
-- @rc 0
-- @cmp public.items id
update items set name = 'changed', updated_at = now() where id <= 3;
delete from items where id = 4;
-- @sleep 1.2
-- @once
-- @cmp public.items id
-- @expect select name, count(*) from items where id < 6 group by all order by all => [["changed", 3], ["item 5", 1]]
-- @run start
insert into items select g, 'while it runs' from generate_series(1001, 1010) g;
-- @sleep 3
-- @run stop
-- @cmp public.items id main.items where id > 1000
-- @cmp public.items id
-- @status
-- @rc 0
-- @says public.items
-- @env SYNC_TABLES=public.itms DUCKDB_PATH=$DIR/other.duckdb STATE_DIR=$DIR/other PARQUET_DIR='$DIR/other files'
-- @once
-- @says public.itms
