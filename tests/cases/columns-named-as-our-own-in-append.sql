-- @note rowid, seq and their like where polls find the changes: the latest entry is the latest whatever they hold; and in a key
-- @env SYNC_TABLE_A_MODE=append SYNC_TABLE_B_MODE=append SYNC_TABLE_H_MODE=history SYNC_TABLE_S_MODE=soft_delete
create table a(id int primary key, rowid int, seq int, latest int, "of_these" int, "Target" int, at int); insert into a values (1,100,9,1,1,1,1),(2,50,9,1,1,1,1);
create table b(rowid int, op text, "target" int, v text, primary key(rowid,op,target)); insert into b values (1,'d',5,'a'),(2,'u',4,'b'),(3,'c',3,'c');
create table h(like b including all); insert into h table b; create table s(like b including all); insert into s table b;
-- @once
-- @rc 0
update a set rowid=1, seq=0 where id=1; update b set v='a2' where rowid=1; update h set v='a2' where rowid=1; update s set v='a2' where rowid=1;
-- @once
update a set id=id; update b set v=v;
-- @once
-- @rc 0
-- @expect select id, rowid, seq, _op from a order by id, _seq => [[1,100,9,"r"],[1,1,0,"u"],[2,50,9,"r"]]
update a set rowid=0 where id=1; delete from a where id=2; delete from b where rowid in (1,2); delete from h where rowid in (1,2); delete from s where rowid in (1,2); insert into b values (1,'d',6,'n');
-- @sleep 1.2
-- @once
-- @once
-- @rc 0
-- @expect select id, rowid, seq, _op from a order by id, _seq => [[1,100,9,"r"],[1,1,0,"u"],[1,0,0,"u"],[2,50,9,"r"],[2,null,null,"d"]]
-- @expect select rowid, op, target, v, _op from b order by target, _seq => [[3,"c",3,"c","r"],[2,"u",4,"b","r"],[2,"u",4,null,"d"],[1,"d",5,"a","r"],[1,"d",5,"a2","u"],[1,"d",5,null,"d"],[1,"d",6,"n","c"]]
-- @expect select rowid, op, target, v, _op from h order by target, _valid_from, _op desc => [[3,"c",3,"c","r"],[2,"u",4,"b","r"],[2,"u",4,"b","d"],[1,"d",5,"a","r"],[1,"d",5,"a2","u"],[1,"d",5,"a2","d"]]
-- @expect select rowid, op, target, v, _deleted_at is null from s order by target => [[3,"c",3,"c","true"],[2,"u",4,"b","false"],[1,"d",5,"a2","false"]]
