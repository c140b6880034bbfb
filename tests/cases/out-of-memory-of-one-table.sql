-- @note a table for which DuckDB has not enough memory: the others go on, cycle after cycle
-- @env DUCKDB_MEMORY_LIMIT=80MB
create table t0(id int primary key, v int); insert into t0 select g, g from generate_series(1, 200) g;
create table t1(id int primary key, v int); insert into t1 select g, g from generate_series(1, 200) g;
create table t2(id int primary key, v int); insert into t2 select g, g from generate_series(1, 200) g;
-- @once
-- @rc 0
do $$ begin execute (select 'create table wide(id int primary key, ' || string_agg('c' || i || (array[' int', ' text', ' timestamptz', ' numeric(12,2)'])[i % 4 + 1], ', ' order by i) || ')' from generate_series(0, 998) i);
execute (select 'insert into wide select g, ' || string_agg((array['g', '''x''', 'now()', 'g'])[i % 4 + 1], ', ' order by i) || ' from generate_series(1, 3000) g' from generate_series(0, 998) i); end $$;
update t0 set v = v + 1; update t1 set v = v + 1; update t2 set v = v + 1;
-- @once
-- @rc 1
update t0 set v = v + 1; update t1 set v = v + 1; update t2 set v = v + 1;
-- @once
-- @rc 1
update t0 set v = v + 1; update t1 set v = v + 1; update t2 set v = v + 1;
-- @once
-- @rc 1
-- @cmp public.t0 id
-- @cmp public.t1 id
-- @cmp public.t2 id
-- @expect select count(*) from _pg2duck.sync where source_table <> 'wide' => [["3"]]
