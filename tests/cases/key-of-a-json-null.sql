-- @note a JSON null is a value like any other in a key of jsonb, and its triggers' image of it is no NULL: two current rows before
-- @env SYNC_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_M_MODE=mirror SYNC_TABLE_X_MASK=id MASK_SALT=pepper-and-salt-0123456789
create domain js as jsonb;
create table t(id jsonb primary key, v text); insert into t values ('null','a'),('1','a'),('"null"','a');
create table d(id js, n int, v text, w jsonb, primary key(id, n)); insert into d values ('null',1,'a'),('1',2,'a');
create table a(like t including all); insert into a table t; create table s(like t including all); insert into s table t; create table m(like t including all); insert into m table t; create table x(like t including all); insert into x table t;
-- @setup --audit full --role reader
-- @once
-- @rc 0
do $$ declare t text; begin foreach t in array array['t','a','s','m','x'] loop execute format('update %1$I set v = ''b''; delete from %1$I where id = ''null''; insert into %1$I values (''null'', ''c''); update %1$I set v = ''d'' where id = ''null''', t); end loop; end $$; update d set v = 'b'; update d set n = 9 where id = 'null';
-- @once
-- @rc 0
-- @cmp public.t id t_current
-- @cmp public.m id
-- @cmp public.d id,n d_current
-- @expect select v, _op from t where id = 'null' order by _valid_from, _op desc => [["a","r"],["b","u"],["b","d"],["c","c"],["d","u"]]
-- @expect select v, _op from a where id = 'null' order by _seq => [["a","r"],["b","u"],[null,"d"],["c","c"],["d","u"]]
-- @expect select n, v, _op from d where id = 'null' order by _valid_from, _op desc => [[1,"a","r"],[1,"b","u"],[1,"b","d"],[9,"b","c"]]
-- @expect select count(*), count(id) from x_current => [[3,3]]
alter table t add note text; alter table t rename v to w; update t set note = 'n' where id = 'null'; alter table t rename id to key; delete from t where key = 'null'; delete from a where id = 'null'; delete from s where id = 'null'; delete from m where id = 'null'; delete from x where id = 'null';
-- @once
-- @rc 0
-- @cmp public.t key t_current
-- @cmp public.m id
-- @expect select w, _op from t where key = 'null' order by _valid_from, _op desc => [["a","r"],["b","u"],["b","d"],["c","c"],["d","u"],["d","u"],["d","d"]]
-- @expect select v, _op from a where id = 'null' order by _seq => [["a","r"],["b","u"],[null,"d"],["c","c"],["d","u"],[null,"d"]]
-- @expect select id, v from s where _deleted_at is not null => [["null","d"]]
-- @expect select count(*), count(id) from x_current => [[2,2]]
-- @expect select count(*) from _pg2duck.rejects => [[0]]
