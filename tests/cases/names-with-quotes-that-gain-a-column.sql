-- @note DuckDB's table functions take a quote within a name for the end of it
create table ab(other text primary key); insert into ab values ('x');
create table "a""b"(id int primary key, v int); insert into "a""b" values (1, 1), (2, 2);
-- @once
-- @rc 0
alter table "a""b" add column w text;
-- @once
-- @rc 0
insert into "a""b" values (3, 3, 'x');
-- @once
-- @rc 0
-- @expect select id, w from "a""b" order by 1 => [["1", null], ["2", null], ["3", "x"]]
