-- @note a zero that changes its sign is a change; but DuckDB keeps one sign for zeros that stand side by side in a column (docs/types.md), so a copy makes no versions of them, however often
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append
create type span as (i interval, f float8);
create table h(id int primary key, f float8, ff real[], s span); insert into h values (1, 0,'{0}',row('1 day', 0)),(2,'-0','{-0,0}',row('1 day','-0')),(3,0,'{-0}',null),(4,0,null,null);
create table a(like h including all); insert into a table h;
-- @once
-- @resync public.h
-- @resync public.a
-- @resync public.h
-- @resync public.a
-- @rc 0
-- @expect select (select count(*) from h), (select count(*) from a) => [[4,4]]
update h set f='-0' where id=4; update a set f='-0' where id=4;
-- @once
-- @rc 0
-- @expect select _op from h where id = 4 order by _valid_from => [["r"],["u"]]
-- @expect select _op from a where id = 4 order by _seq => [["r"],["u"]]
