-- @note what comes back after an exclusion begins anew, with the source's values; the past does not come back
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append
create table m(id int primary key, ssn text, v int); insert into m values (1,'old-1',1),(2,'old-2',1),(3,'old-3',1);
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
-- @once
update h set ssn='old-11' where id=1; update a set ssn='old-11' where id=1; update m set ssn='old-11' where id=1; delete from h where id=2; delete from s where id=2; delete from a where id=2;
-- @sleep 1.2
-- @once
-- @env SYNC_TABLE_M_EXCLUDE=ssn SYNC_TABLE_S_EXCLUDE=ssn SYNC_TABLE_H_EXCLUDE=ssn SYNC_TABLE_A_EXCLUDE=ssn
-- @once
-- @rc 0
-- @expect select id, v, _op, _is_current from h order by id, _valid_from, _op desc => [[1,1,"r","false"],[1,1,"u","true"],[2,1,"r","false"],[2,1,"d","false"],[3,1,"r","true"]]
update h set v=2 where id=3; update a set v=2 where id=3;
-- @once
-- @unenv SYNC_TABLE_M_EXCLUDE SYNC_TABLE_S_EXCLUDE SYNC_TABLE_H_EXCLUDE SYNC_TABLE_A_EXCLUDE
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h id h_current
-- @expect select id, ssn, v, _op from h order by id, _valid_from, _op desc => [[1,null,1,"r"],[1,null,1,"u"],[1,"old-11",1,"r"],[2,null,1,"r"],[2,null,1,"d"],[3,null,1,"r"],[3,null,2,"u"],[3,"old-3",2,"r"]]
-- @expect select id, ssn, _deleted_at is null from s order by id => [[1,"old-1","true"],[2,null,"false"],[3,"old-3","true"]]
-- @expect select id, ssn, v, _op from a order by id, _seq => [[1,null,1,"r"],[1,null,1,"u"],[1,"old-11",1,"r"],[2,null,1,"r"],[2,null,null,"d"],[3,null,1,"r"],[3,null,2,"u"],[3,"old-3",2,"r"]]
-- @expect select count(*) from duckdb_columns() where table_name in ('m','s','h','a') and column_name like 'ssn%' => [[4]]
