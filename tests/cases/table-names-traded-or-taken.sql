-- @note two tables trade names, one goes through three, and one whose name is taken in the same transaction: a table is known by its number, never by who bore its name last
-- @env SYNC_MODE=history SYNC_TABLE_A_MODE=soft_delete SYNC_TABLE_B_MODE=soft_delete
create table x(id int primary key, v text); insert into x values (1,'x1'); create table y(id int primary key, v text); insert into y values (1,'y1'); create table t(id int primary key, v text); insert into t values (1,'t1');
create table a(id int primary key, v text); insert into a values (1,'a1'),(2,'a2'); create table b(id int primary key, v text); insert into b values (1,'b1'),(3,'b3');
-- @once
update x set v='x2'; update y set v='y2'; update t set v='t2'; delete from a where id=2; delete from b where id=3;
-- @sleep 1.2
-- @once
alter table x rename to z; alter table y rename to x; alter table z rename to y; update x set v='y3'; update y set v='x3'; alter table a rename to z; alter table b rename to a; alter table z rename to b;
alter table t rename to t_old; create table t(id int primary key, v text); insert into t values (1,'new'); update t_old set v='t3';
-- @once
-- @rc 0
-- @cmp public.x id x_current
-- @cmp public.y id y_current
-- @cmp public.t id t_current
-- @cmp public.t_old id t_old_current
-- @expect select v, _op from x order by _valid_from => [["y1","r"],["y2","u"],["y3","u"]]
-- @expect select v, _op from y order by _valid_from => [["x1","r"],["x2","u"],["x3","u"]]
-- @expect select v, _op from t_old order by _valid_from => [["t1","r"],["t2","u"],["t3","u"]]
-- @expect select v, _op from t => [["new","r"]]
-- @expect select id, v, _deleted_at is null from a order by id => [[1,"b1","true"],[3,"b3","false"]]
-- @expect select id, v, _deleted_at is null from b order by id => [[1,"a1","true"],[2,"a2","false"]]
