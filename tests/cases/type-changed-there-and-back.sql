-- @note text -> int -> text -> int: what cannot follow begins anew, what widens goes on, and what came back between two polls never changed
-- @env SYNC_MODE=history
create table h(id int primary key, code text); insert into h values (1,'010'),(2,'020');
create table b(id int primary key, code text); insert into b values (1,'10'),(2,'20');
-- @once
alter table h alter code type int using code::int; alter table b alter code type int using code::int; alter table b alter code type text using code::text;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select id, code, _op from b order by id => [[1,"10","r"],[2,"20","r"]]
alter table h alter code type text using code::text;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select code__2, code, _op from h where id = 1 order by _valid_from => [["010",null,"r"],[null,"10","r"]]
update h set code='0011' where id=1;
-- @once
alter table h alter code type int using code::int;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select code__2, code__2_2, code, _op from h where id = 1 order by _valid_from => [["010",null,null,"r"],[null,"10",null,"r"],[null,"0011",null,"u"],[null,null,11,"r"]]
-- @expect select lake_column, attnum, source_type, state from _pg2duck.columns where source_table = 'h' and attnum = 2 order by since, lake_column => [["code__2",2,"text","superseded"],["code__2_2",2,"text","superseded"],["code",2,"integer","current"]]
-- @once
-- @rc 0
-- @expect select count(*) from h => [[7]]
