-- @note the same names in mode soft_delete
-- @env SYNC_TABLES=*.* SYNC_MODE=soft_delete
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
-- @expect select id, a, _deleted_at is not null from warehouse.lake.t order by id => [[1,"x","false"],[2,"x","false"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.memory.t order by id => [[1,"x","false"],[2,"x","false"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.system.t order by id => [[1,"x","false"],[2,"x","false"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.temp.t order by id => [[1,"x","false"],[2,"x","false"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main.t order by id => [[1,"x","false"],[2,"x","false"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main.db order by id => [[1,"x","false"],[2,"x","false"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main.csv order by id => [[1,"x","false"],[2,"x","false"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main.json order by id => [[1,"x","false"],[2,"x","false"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main.parquet order by id => [[1,"x","false"],[2,"x","false"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main.duckdb order by id => [[1,"x","false"],[2,"x","false"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main."orders.csv" order by id => [[1,"x","false"],[2,"x","false"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main."x.parquet" order by id => [[1,"x","false"],[2,"x","false"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main."a.db" order by id => [[1,"x","false"],[2,"x","false"],[3,"x","false"]]
do $$ declare name text; begin
  for name in select relid::regclass::text from pg_stat_user_tables where schemaname <> 'pg2duck' loop
    execute format('update %s set a = ''y'' where id = 1', name);
    execute format('delete from %s where id = 2', name);
  end loop; end $$;
-- @sleep 1.2
-- @once
-- @rc 0
-- @expect select id, a, _deleted_at is not null from warehouse.lake.t order by id => [[1,"y","false"],[2,"x","true"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.memory.t order by id => [[1,"y","false"],[2,"x","true"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.system.t order by id => [[1,"y","false"],[2,"x","true"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.temp.t order by id => [[1,"y","false"],[2,"x","true"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main.t order by id => [[1,"y","false"],[2,"x","true"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main.db order by id => [[1,"y","false"],[2,"x","true"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main.csv order by id => [[1,"y","false"],[2,"x","true"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main.json order by id => [[1,"y","false"],[2,"x","true"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main.parquet order by id => [[1,"y","false"],[2,"x","true"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main.duckdb order by id => [[1,"y","false"],[2,"x","true"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main."orders.csv" order by id => [[1,"y","false"],[2,"x","true"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main."x.parquet" order by id => [[1,"y","false"],[2,"x","true"],[3,"x","false"]]
-- @expect select id, a, _deleted_at is not null from warehouse.main."a.db" order by id => [[1,"y","false"],[2,"x","true"],[3,"x","false"]]
