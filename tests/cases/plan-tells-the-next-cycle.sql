-- @note what `plan` says comes true in the next cycle, and it does nothing itself
create table a(id int primary key, v int); insert into a select g, g from generate_series(1, 100) g;
create table b(id int primary key); insert into b values (1);
create view c as select 1 as id;
-- @env SYNC_TABLES=public.*,c SYNC_TABLE_C_PRIMARY_KEY=id DIFF_INTERVAL=1h
-- @plan
-- @rc 0
-- @says 3 tables: 2 bootstrap, 1 read in full
-- @says public.a  bootstrap     the lake does not hold it yet
-- @plan
-- @says 3 tables: 2 bootstrap, 1 read in full
-- @once
-- @rc 0
-- @plan
-- @says 3 tables: 1 read in full, 2 poll
insert into a values (101, 101);
alter table a add column w int;
drop table b;
create table d(id int primary key); insert into d values (1);
-- @plan
-- @says 4 tables: 1 forget, 1 bootstrap, 1 read in full, 1 poll
-- @says public.b  forget
-- @says public.d  bootstrap
-- @says the lake table follows the source's names and columns
-- @plan --json
-- @rc 0
-- @says "does": "forget"
-- @once
-- @rc 0
-- @cmp public.a id
-- @cmp public.d id
-- @env DATABASE_URL=postgres://nobody:wrong@127.0.0.1:$PORT/$DB
-- @plan
-- @rc 2
