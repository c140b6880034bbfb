-- @note a composite that gains and loses attributes, alone and in an array, is another type: old versions keep theirs as it was
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append
create type addr as (street text, zip text);
create table m(id int primary key, home addr, "All ""of them" addr[], v int);
insert into m values (1,row('s1','z1'),array[row('t1','y1')::addr],1),(2,row('s2','z2'),null,1);
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
-- @once
delete from s where id=2; update h set v=2 where id=1;
-- @sleep 1.2
-- @once
alter type addr add attribute city text;
-- @once
-- @rc 0
-- @expect select id, home.street, home.city, ("All ""of them"[1]).zip from m order by id => [[1,"s1",null,"y1"],[2,"s2",null,null]]
-- @expect select id, home__2.zip, ("All ""of them__3"[1]).street, home.zip, v, _op from h order by id, _valid_from => [[1,"z1","t1",null,1,"r"],[1,"z1","t1",null,2,"u"],[1,null,null,"z1",2,"r"],[2,"z2",null,null,1,"r"],[2,null,null,"z2",1,"r"]]
-- @expect select home__2.zip, home from s where _deleted_at is not null => [["z2",null]]
-- @expect select home__2.zip, home.zip, _op from a where id = 2 order by _seq => [["z2",null,"r"],[null,"z2","r"]]
update m set home.city='c' where id=1; update h set home.city='c' where id=1; update a set home.city='c' where id=1;
-- @once
-- @rc 0
-- @expect select home.city, home.zip from m where id = 1 => [["c","z1"]]
-- @expect select home.city, v, _op from h where id = 1 and _is_current => [["c",2,"u"]]
-- @expect select home.city, _op from a where id = 1 order by _seq desc limit 1 => [["c","u"]]
alter type addr drop attribute zip;
-- @once
-- @rc 0
-- @expect select id, home.street, home.city from m order by id => [[1,"s1","c"],[2,"s2",null]]
-- @expect select home__2.zip, home__2_2.zip, home__2_2.city, home.city, _op from h where id = 1 order by _valid_from => [["z1",null,null,null,"r"],["z1",null,null,null,"u"],[null,"z1",null,null,"r"],[null,"z1","c",null,"u"],[null,null,null,"c","r"]]
