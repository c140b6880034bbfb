-- @note schemas named as catalogs of DuckDB, tables named as files and formats that DuckDB would read instead
-- @env SYNC_TABLES=*.*
create schema lake; create schema memory; create schema system; create schema temp; create schema main;
create table lake.t(id int primary key, a text);
create table memory.t(like lake.t including all); create table system.t(like lake.t including all);
create table temp.t(like lake.t including all); create table main.t(like lake.t including all);
create table db(like lake.t including all); create table csv(like lake.t including all); create table json(like lake.t including all);
create table parquet(like lake.t including all); create table duckdb(like lake.t including all);
create table "orders.csv"(like lake.t including all); create table "x.parquet"(like lake.t including all); create table "a.db"(like lake.t including all);
do $$ declare name text; begin
  for name in select relid::regclass::text from pg_stat_user_tables where schemaname <> 'pg2duck' loop
    execute format('insert into %s values (1, ''x''), (2, ''x''), (3, ''x'')', name);
  end loop; end $$;
-- @once
-- @rc 0
-- @cmp lake.t id warehouse.lake.t
-- @cmp memory.t id warehouse.memory.t
-- @cmp system.t id warehouse.system.t
-- @cmp temp.t id warehouse.temp.t
-- @cmp main.t id warehouse.main.t
-- @cmp public.db id warehouse.main.db
-- @cmp public.csv id warehouse.main.csv
-- @cmp public.json id warehouse.main.json
-- @cmp public.parquet id warehouse.main.parquet
-- @cmp public.duckdb id warehouse.main.duckdb
-- @cmp public."orders.csv" id warehouse.main."orders.csv"
-- @cmp public."x.parquet" id warehouse.main."x.parquet"
-- @cmp public."a.db" id warehouse.main."a.db"
do $$ declare name text; begin
  for name in select relid::regclass::text from pg_stat_user_tables where schemaname <> 'pg2duck' loop
    execute format('update %s set a = ''y'' where id = 1', name);
    execute format('delete from %s where id = 2', name);
  end loop; end $$;
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp lake.t id warehouse.lake.t
-- @cmp memory.t id warehouse.memory.t
-- @cmp system.t id warehouse.system.t
-- @cmp temp.t id warehouse.temp.t
-- @cmp main.t id warehouse.main.t
-- @cmp public.db id warehouse.main.db
-- @cmp public.csv id warehouse.main.csv
-- @cmp public.json id warehouse.main.json
-- @cmp public.parquet id warehouse.main.parquet
-- @cmp public.duckdb id warehouse.main.duckdb
-- @cmp public."orders.csv" id warehouse.main."orders.csv"
-- @cmp public."x.parquet" id warehouse.main."x.parquet"
-- @cmp public."a.db" id warehouse.main."a.db"
