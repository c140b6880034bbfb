-- @note UPDATE then DELETE in one interval: the marked row is as it was last; one born and deleted in between is there, marked; what comes back is unmarked
-- @env SYNC_MODE=soft_delete SYNC_TABLE_CLOCK_MODE=append
create table s(id int, "Part" text, v text, deleted text, primary key(id,"Part")); insert into s values (1,'p','a'),(2,'p','b'),(3,'p','c'),(4,'p','d'),(5,'p','e'); create table clock(round int primary key); insert into clock values (1);
-- @setup --audit full --role reader
-- @once
update s set v='b2' where id=2; update s set v='b3', deleted='x' where id=2; delete from s where id=2;
insert into s values (6,'p','born'); update s set v='grown' where id=6; delete from s where id=6;
delete from s where id=3; insert into s values (3,'p','back');
insert into s values (7,'p','one'); delete from s where id=7; insert into s values (7,'p','two'); delete from s where id=7;
update s set "Part"='q', v='moved' where id=4; update s set v='e2' where id=5; delete from s where id=5; insert into s values (5,'p','e3'); update s set v='e4' where id=5; insert into clock values (2);
-- @once
-- @rc 0
-- @expect select id, "Part", v, deleted, _op, _deleted_at is null from s order by id, 2 => [[1,"p","a",null,"r","true"],[2,"p","b3","x","d","false"],[3,"p","back",null,"u","true"],[4,"p","d",null,"d","false"],[4,"q","moved",null,"c","true"],[5,"p","e4",null,"u","true"],[6,"p","grown",null,"d","false"],[7,"p","two",null,"d","false"]]
-- @expect select count(*) from s where _deleted_at > (select _synced_at from clock where round = 2) or _deleted_at <= (select _synced_at from clock where round = 1) => [[0]]
insert into s values (6,'p','reborn'); update s set v='a2' where id=1;
-- @once
update s set v='a3' where id=1; delete from s; 
-- @once
-- @rc 0
-- @expect select id, "Part", v, _op, _deleted_at is null from s where id in (1,6) order by id => [[1,"p","a3","d","false"],[6,"p","reborn","d","false"]]
-- @expect select count(*), count(_deleted_at) from s => [[8,8]]
