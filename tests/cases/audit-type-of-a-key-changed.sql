-- @note --audit keys: a key column of another type by the way of its name (Postgres refuses ALTER TYPE under the row trigger): no statement of the application fails, and what the triggers cannot record they say
-- @env DIFF_INTERVAL=0s
create table swapped(id int primary key, v text); insert into swapped select g, 'a' from generate_series(1,9) g;
create table parts(id text primary key, v text); insert into parts select g, 'a' from generate_series(1,9) g;
create table made(a int, g int generated always as (a + 1) stored, v text, primary key(a, g)) partition by list(a); create table made1 partition of made for values in (1,2,3,4,5); insert into made(a) select g from generate_series(1,5) g;
create table kept(id int primary key); insert into kept select generate_series(1,3);
-- @setup --role reader
-- @rc 0
-- @once
-- @rc 0
update swapped set id = id + 100 where id = 1; update parts set id = 'other' where id = '1'; update made set a = 5 where a = 4 and false; delete from made where a = 4; update made set a = 4 where a = 3;
alter table swapped add id_new bigint; update swapped set id_new = id;
alter table swapped drop constraint swapped_pkey; alter table swapped rename id to id_old; alter table swapped rename id_new to id; alter table swapped add primary key(id);
alter table parts drop column id cascade; alter table parts add n int generated always as identity; alter table parts add id text[]; update parts set id = array_fill('x'::text, array[n]); alter table parts add primary key(id);
alter table made alter g type text;
update swapped set id_old = id_old + 1000 where id = 2; delete from swapped where id in (3, 4); update swapped set id = 5000000000 where id = 5;
delete from parts where n in (2,3,4);
update made set a = 3 where a = 4; delete from made where a = 1; delete from made1 where a = 2;
delete from kept where id = 1;
-- @once
-- @rc 0
-- @cmp public.swapped id
-- @expect select n from parts order by 1 => [[1],[5],[6],[7],[8],[9]]
-- @cmp public.made a,g
-- @cmp public.kept id
delete from swapped where id in (6); delete from parts where n in (5,6); delete from made where a = 3;
-- @check
-- @says trigger pg2duck_delete is out of date
-- @once
-- @rc 0
-- @cmp public.swapped id
-- @expect select n from parts order by 1 => [[1],[7],[8],[9]]
-- @cmp public.made a,g
-- @setup --role reader
-- @rc 0
-- @once
-- @rc 0
update swapped set id = 77 where id = 7; delete from swapped where id = 8; delete from parts where n in (7,8); delete from made where a = 5;
-- @once
-- @rc 0
-- @cmp public.swapped id
-- @expect select n from parts order by 1 => [[1],[9]]
-- @cmp public.made a,g
