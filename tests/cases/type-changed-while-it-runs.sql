-- @note the same under `run`, in the transaction that changes rows; a table beside it goes on
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_S_MODE=soft_delete
create table m(id int primary key, code text); insert into m values (1,'10'),(2,'20'),(3,'30'); create table other(id int primary key);
create table h(like m including all); insert into h table m; create table s(like m including all); insert into s table m;
-- @run start
delete from s where id=3; delete from m where id=3; update h set code='11' where id=1;
-- @sleep 4
do $$ declare t text; begin foreach t in array array['m','s','h'] loop
  execute format('alter table %1$I alter code type int using code::int; update %1$I set code = code + 1 where id = 2; insert into %1$I values (4,40)', t); end loop; end $$; insert into other values (1);
-- @sleep 5
alter table m add extra text; update m set extra='x'; alter table h alter code type numeric(12,2); update h set code=1.25 where id=1;
-- @sleep 4
-- @run stop
-- @status
-- @rc 0
-- @cmp public.m id
-- @cmp public.other id
-- @cmp public.h id h_current
-- @expect select code__2, code, _op from h where id = 1 order by _valid_from => [["10",null,"r"],["11",null,"u"],[null,"11.00","r"],[null,"1.25","r"]]
-- @expect select code__2, code from h where id = 2 order by _valid_from => [["20",null],[null,"21.00"]]
-- @expect select id, code__2, code from s where _deleted_at is not null => [[3,"30",null]]
-- @expect select id, code from s where _deleted_at is null order by id => [[1,10],[2,21],[4,40]]
