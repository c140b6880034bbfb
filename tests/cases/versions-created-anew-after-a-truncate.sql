-- @note a row that is created while one with its key lives comes after one that went without a trace: that one ends first
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_L_MODE=append SYNC_TABLE_S_MODE=soft_delete
create table h(id int primary key, v text); create table l(like h including all); create table s(like h including all);
insert into h values (1,'a'),(2,'b'),(3,'c'); insert into l table h; insert into s table h;
-- @setup --audit full --role reader
-- @once
update h set v = 'a2' where id = 1; update l set v = 'a2' where id = 1; update s set v = 'a2' where id = 1; truncate h, l, s; insert into h values (1,'a3'),(2,'b2'),(9,'born'); insert into l values (1,'a3'),(2,'b2'),(9,'born'); insert into s values (1,'a3'),(2,'b2');
update h set v = 'a4' where id = 1; update l set v = 'a4' where id = 1; truncate h, l; insert into h values (1,'a5'); insert into l values (1,'a5');
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select id, v, _deleted_at is null from s order by all => [[1,"a3",true],[2,"b2",true],[3,"c",false]]
-- @expect select v, _op from h where id = 1 order by rowid => [["a","r"],["a2","u"],["a2","d"],["a3","c"],["a4","u"],["a4","d"],["a5","c"]]
-- @expect select v, _op from h where id = 2 order by rowid => [["b","r"],["b","d"],["b2","c"],["b2","d"]]
-- @expect select v, _op from l where id = 1 order by _seq => [["a","r"],["a2","u"],[null,"d"],["a3","c"],["a4","u"],[null,"d"],["a5","c"]]
-- @expect select v, _op, _xid is null from l where id = 2 order by _seq => [["b","r",true],[null,"d",true],["b2","c",false],[null,"d",true]]
-- @expect select v, _op from l where id = 9 order by _seq => [["born","c"],[null,"d"]]
-- @expect select v, _op from h where id = 3 order by rowid => [["c","r"],["c","d"]]
