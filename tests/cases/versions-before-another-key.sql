-- @note what was recorded under another key is told by the key that the lake has its rows by
-- @env SYNC_MODE=history
create table t(id int primary key, v text); insert into t values (1,'a'),(2,'b'),(3,'c');
-- @setup --audit full --role reader
-- @once
update t set v='a2' where id=1;
alter table t add column tenant int not null default 1, drop constraint t_pkey, add primary key (tenant, id);
update t set v='b2' where id=2;
-- @setup --audit full --role reader
update t set id=10 where id=1; update t set v='b3' where id=2; delete from t where id=3; insert into t values (4,'d',2);
-- @once
-- @rc 0
-- @cmp public.t tenant,id t_current
-- @expect select tenant, id, v, _op from t order by id, _valid_from, _op => [[null,1,"a","r"],[null,1,"a2","u"],[1,1,"a2","d"],[null,2,"b","r"],[1,2,"b2","u"],[1,2,"b3","u"],[null,3,"c","r"],[1,3,"c","d"],[2,4,"d","c"],[1,10,"a2","c"]]
create table k(id int primary key, code uuid, v text); insert into k values (1,'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','a'),(2,'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','b');
grant select on k to reader;
-- @setup --audit full --role reader
-- @once
alter table k drop constraint k_pkey, add primary key (code);
update k set v='b2' where id=2;
-- @setup --audit full --role reader
update k set v='b3' where id=2;
alter table k drop column id;
update k set v='b4' where v='b3'; update k set code='c0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' where v='b4';
-- @once
-- @rc 0
-- @cmp public.k code k_current
-- @expect select left(code::varchar, 1), v, _op from k order by code, _valid_from, _op => [["a","a","r"],["b","b","r"],["b","b2","u"],["b","b3","u"],["b","b4","u"],["b","b4","d"],["c","b4","c"]]
