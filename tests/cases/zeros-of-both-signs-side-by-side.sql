-- @note DuckDB keeps one sign for zeros that stand side by side in a column (docs/types.md): rows that are read again unchanged make no versions of it, however often
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append
create table h(id int primary key, f float8, ff real[]); insert into h values (1, 0,'{0}'),(2,'-0','{-0,0}'),(3,0,'{-0}'),(4,0,null); create table a(like h including all); insert into a table h;
-- @once
update h set id=id; update a set id=id;
-- @once
update h set id=id; update a set id=id;
-- @once
-- @rc 0
-- @expect select (select count(*) from h), (select count(*) from a) => [[4,4]]
-- @resync public.h
-- @resync public.a
-- @resync public.h
-- @resync public.a
-- @expect select (select count(*) from h), (select count(*) from a) => [[4,4]]
update h set f=1 where id=4; update a set f=1 where id=4;
-- @once
-- @rc 0
-- @expect select f, _op from h where id = 4 order by _valid_from => [["0.0","r"],["1.0","u"]]
-- @expect select (select count(*) from h), (select count(*) from a) => [[5,5]]
