-- @note a source column called as one of the mode's own, or with _pg2duck_ in front, is refused by name, later too; the others go on
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_S_MODE=soft_delete
create table fine(id int primary key, v int); insert into fine values (1,1); create table p(id int primary key, "_PG2DUCK_Seq" int); insert into p values (1,1);
create table h(id int primary key, v int); insert into h values (1,1); create table a(like h including all); insert into a table h; create table s(like h including all); insert into s table h; create table m(like h including all); insert into m table h;
-- @once
-- @rc 1
-- @says _PG2DUCK_Seq
-- @cmp public.fine id
-- @cmp public.m id
drop table p; update fine set v=2; update h set v=2; update a set v=2; update s set v=2;
alter table h add "_Is_Current" bool; alter table a add _seq int; alter table s add _op int; alter table m add _op int default 5, add _seq int, add _valid_from int;
-- @once
-- @rc 1
-- @says _Is_Current
-- @cmp public.fine id
-- @cmp public.m id
-- @expect select v from h_current => [[1]]
alter table h rename "_Is_Current" to fine; alter table a drop _seq; alter table s drop _op;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select v, _op from h order by _valid_from => [[1,"r"],[2,"u"]]
-- @expect select v, _op from a order by _seq => [[1,"r"],[2,"u"]]
-- @expect select v, _op from s => [[2,"u"]]
