-- @note resync of one table follows all names that changed, or it would apply half a rename: stuck for ever, or rows of one table in another's history
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_H_OLD_MODE=history
create table t(id int primary key, v text); insert into t values (1,'t1'); create table u(id int primary key, v text); insert into u values (1,'u1'),(2,'u2');
create table h(id int primary key, v text); insert into h values (1,'h1'),(2,'h2');
-- @once
update h set v = 'old2' where id = 2;
-- @once
alter table t rename to x; alter table u rename to t; alter table x rename to u;
-- @resync u
-- @rc 0
-- @once
-- @rc 0
-- @cmp public.t id
-- @cmp public.u id
alter table h rename to h_old; create table h(like h_old including all); insert into h values (1,'new');
-- @resync h
-- @rc 0
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @cmp public.h_old id h_old_current
-- @expect select v, _op from h_old order by id, rowid => [["h1","r"],["h2","r"],["old2","u"]]
-- @expect select v, _op from h => [["new","r"]]
