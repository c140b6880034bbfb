-- @note the same names in mode append
-- @env SYNC_TABLES=*.* SYNC_MODE=append
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
-- @expect select id, a, _op from warehouse.lake.t order by id, _synced_at => [[1,"x","r"],[2,"x","r"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.memory.t order by id, _synced_at => [[1,"x","r"],[2,"x","r"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.system.t order by id, _synced_at => [[1,"x","r"],[2,"x","r"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.temp.t order by id, _synced_at => [[1,"x","r"],[2,"x","r"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.t order by id, _synced_at => [[1,"x","r"],[2,"x","r"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.db order by id, _synced_at => [[1,"x","r"],[2,"x","r"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.csv order by id, _synced_at => [[1,"x","r"],[2,"x","r"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.json order by id, _synced_at => [[1,"x","r"],[2,"x","r"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.parquet order by id, _synced_at => [[1,"x","r"],[2,"x","r"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.duckdb order by id, _synced_at => [[1,"x","r"],[2,"x","r"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main."orders.csv" order by id, _synced_at => [[1,"x","r"],[2,"x","r"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main."x.parquet" order by id, _synced_at => [[1,"x","r"],[2,"x","r"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main."a.db" order by id, _synced_at => [[1,"x","r"],[2,"x","r"],[3,"x","r"]]
do $$ declare name text; begin
  for name in select relid::regclass::text from pg_stat_user_tables where schemaname <> 'pg2duck' loop
    execute format('update %s set a = ''y'' where id = 1', name);
    execute format('delete from %s where id = 2', name);
  end loop; end $$;
-- @sleep 1.2
-- @once
-- @rc 0
-- @expect select id, a, _op from warehouse.lake.t order by id, _synced_at => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,null,"d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.memory.t order by id, _synced_at => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,null,"d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.system.t order by id, _synced_at => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,null,"d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.temp.t order by id, _synced_at => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,null,"d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.t order by id, _synced_at => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,null,"d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.db order by id, _synced_at => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,null,"d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.csv order by id, _synced_at => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,null,"d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.json order by id, _synced_at => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,null,"d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.parquet order by id, _synced_at => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,null,"d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.duckdb order by id, _synced_at => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,null,"d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main."orders.csv" order by id, _synced_at => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,null,"d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main."x.parquet" order by id, _synced_at => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,null,"d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main."a.db" order by id, _synced_at => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,null,"d"],[3,"x","r"]]
