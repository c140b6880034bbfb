-- @note a value that becomes NULL and a type that becomes another in one interval: what stands in the old column is not what the row is
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_S_MODE=soft_delete
create table h(id int primary key, code text, v int); insert into h values (1,'a',1),(2,'b',2),(3,null,3);
create table a(like h including all); insert into a table h; create table s(like h including all); insert into s table h;
-- @once
update h set code = null where id = 1; alter table h alter code type int using ascii(code);
update a set code = null where id = 1; alter table a alter code type int using ascii(code);
update s set code = null where id = 1; alter table s alter code type int using ascii(code);
-- @once
-- @rc 0
-- @expect select id, code__2, code, _is_current, _op from h order by id, _valid_from => [[1,"a",null,"false","r"],[1,null,null,"true","r"],[2,"b",null,"false","r"],[2,null,98,"true","r"],[3,null,null,"true","r"]]
-- @expect select id, code__2, code, _op from a order by id, _seq => [[1,"a",null,"r"],[1,null,null,"r"],[2,"b",null,"r"],[2,null,98,"r"],[3,null,null,"r"]]
-- @expect select id, code__2, code, _op from s order by id => [[1,null,null,"r"],[2,null,98,"r"],[3,null,null,"r"]]
-- @resync public.h
-- @expect select count(*) from h => [[5]]
