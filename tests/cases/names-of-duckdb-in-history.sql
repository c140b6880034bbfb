-- @note the same names in mode history, the views of it included: readers open the lake under another name than the writer
-- @env SYNC_TABLES=*.* SYNC_MODE=history
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
-- @cmp lake.t id warehouse.lake.t_current
-- @cmp memory.t id warehouse.memory.t_current
-- @cmp system.t id warehouse.system.t_current
-- @cmp temp.t id warehouse.temp.t_current
-- @cmp main.t id warehouse.main.t_current
-- @cmp public.db id warehouse.main.db_current
-- @cmp public.csv id warehouse.main.csv_current
-- @cmp public.json id warehouse.main.json_current
-- @cmp public.parquet id warehouse.main.parquet_current
-- @cmp public.duckdb id warehouse.main.duckdb_current
-- @cmp public."orders.csv" id warehouse.main."orders.csv_current"
-- @cmp public."x.parquet" id warehouse.main."x.parquet_current"
-- @cmp public."a.db" id warehouse.main."a.db_current"
do $$ declare name text; begin
  for name in select relid::regclass::text from pg_stat_user_tables where schemaname <> 'pg2duck' loop
    execute format('update %s set a = ''y'' where id = 1', name);
    execute format('delete from %s where id = 2', name);
  end loop; end $$;
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp lake.t id warehouse.lake.t_current
-- @cmp memory.t id warehouse.memory.t_current
-- @cmp system.t id warehouse.system.t_current
-- @cmp temp.t id warehouse.temp.t_current
-- @cmp main.t id warehouse.main.t_current
-- @cmp public.db id warehouse.main.db_current
-- @cmp public.csv id warehouse.main.csv_current
-- @cmp public.json id warehouse.main.json_current
-- @cmp public.parquet id warehouse.main.parquet_current
-- @cmp public.duckdb id warehouse.main.duckdb_current
-- @cmp public."orders.csv" id warehouse.main."orders.csv_current"
-- @cmp public."x.parquet" id warehouse.main."x.parquet_current"
-- @cmp public."a.db" id warehouse.main."a.db_current"
-- @expect select id, a, _op from warehouse.lake.t order by id, _valid_from, _op desc => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,"x","d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.memory.t order by id, _valid_from, _op desc => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,"x","d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.system.t order by id, _valid_from, _op desc => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,"x","d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.temp.t order by id, _valid_from, _op desc => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,"x","d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.t order by id, _valid_from, _op desc => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,"x","d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.db order by id, _valid_from, _op desc => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,"x","d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.csv order by id, _valid_from, _op desc => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,"x","d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.json order by id, _valid_from, _op desc => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,"x","d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.parquet order by id, _valid_from, _op desc => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,"x","d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main.duckdb order by id, _valid_from, _op desc => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,"x","d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main."orders.csv" order by id, _valid_from, _op desc => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,"x","d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main."x.parquet" order by id, _valid_from, _op desc => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,"x","d"],[3,"x","r"]]
-- @expect select id, a, _op from warehouse.main."a.db" order by id, _valid_from, _op desc => [[1,"x","r"],[1,"y","u"],[2,"x","r"],[2,"x","d"],[3,"x","r"]]
