-- @note what only a fresh copy found to differ is r, with what the lake held in _before; what it found gone is d; what is the same is nothing
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append DIFF_INTERVAL=1h
create table h(id int primary key, v text); insert into h values (1,'a'),(2,'b'),(3,'c'); create table s(like h including all); insert into s table h; create table a(like h including all); insert into a table h;
-- @once
alter table h add status text not null default 'new'; alter table s add status text not null default 'new'; alter table a add status text not null default 'new';
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select _op, count(*) from h group by all => [["r",6]]
-- @expect select id, status, _op, _before->>'v', _before->>'status' from a order by id, _seq => [[1,null,"r",null,null],[1,"new","r","a",null],[2,null,"r",null,null],[2,"new","r","b",null],[3,null,"r",null,null],[3,"new","r","c",null]]
-- @expect select id, status, _op from s order by id => [[1,"new","r"],[2,"new","r"],[3,"new","r"]]
update h set v='a2' where id=1; update a set v='a2' where id=1; update s set v='a2' where id=1; delete from h where id=2; delete from a where id=2; delete from s where id=2;
insert into h values (4,'d'); insert into a values (4,'d'); insert into s values (4,'d');
-- @note alone, as VACUUM must be
vacuum full h;
-- @note alone, as VACUUM must be
vacuum full a;
-- @note alone, as VACUUM must be
vacuum full s;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select id, v, _op from h where status = 'new' order by id, _valid_from, _op desc => [[1,"a","r"],[1,"a2","r"],[2,"b","r"],[2,"b","d"],[3,"c","r"],[4,"d","r"]]
-- @expect select id, v, _op, _before->>'v' from a where status = 'new' or _op = 'd' order by id, _seq => [[1,"a","r","a"],[1,"a2","r","a"],[2,"b","r","b"],[2,null,"d",null],[3,"c","r","c"],[4,"d","r",null]]
-- @expect select id, v, _op from s order by id => [[1,"a2","r"],[2,"b","d"],[3,"c","r"],[4,"d","r"]]
update h set v='a3' where id=1; update a set v='a3' where id=1; update s set v='a3' where id=1; insert into h values (5,'e'); insert into a values (5,'e'); insert into s values (5,'e');
-- @once
-- @expect select id, v, _op from h where _is_current and id in (1,5) order by id => [[1,"a3","u"],[5,"e","c"]]
-- @expect select id, v, _op, _before->>'v' from a where v in ('a3','e') order by id => [[1,"a3","u",null],[5,"e","c",null]]
-- @expect select id, v, _op from s where id in (1,5) order by id => [[1,"a3","u"],[5,"e","c"]]
-- @resync public.h
-- @resync public.a
-- @once
-- @expect select (select count(*) from h), (select count(*) from a) => [[11,11]]
