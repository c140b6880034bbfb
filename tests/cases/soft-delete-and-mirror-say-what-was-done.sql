-- @note soft_delete says _op, r c u d; SYNCED_AT=true adds the cycle that last wrote a row, in mirror, soft_delete and full; and a lake that had neither gets them
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_F_MODE=full SYNC_TABLE_CLOCK_MODE=append
create table m(id int primary key, v text); insert into m values (1,'a'),(2,'b'),(3,'c'); create table s(like m including all); insert into s table m; create table f(like m including all); insert into f table m;
create table n(like m including all); insert into n table m; create table clock(round int primary key); insert into clock values (1);
-- @once
-- @expect select column_name from duckdb_columns() where table_name in ('m','f','n') and column_name like '\_%' escape '\' => []
-- @expect select column_name, data_type from duckdb_columns() where table_name = 's' and column_name like '\_%' escape '\' order by 1 => [["_deleted_at","TIMESTAMP WITH TIME ZONE"],["_op","VARCHAR"]]
-- @env SYNCED_AT=true SYNC_TABLE_N_SYNCED_AT=false
-- @once
-- @rc 0
update m set v='a2' where id=1; update s set v='a2' where id=1; delete from s where id=2; delete from m where id=2; insert into s values (4,'d'); insert into m values (4,'d'); insert into clock values (2);
-- @sleep 1.2
-- @once
-- @rc 0
-- @expect select column_name from duckdb_columns() where table_name = 'n' and column_name like '\_%' escape '\' => []
-- @expect select id, v, _op, _deleted_at = (select _synced_at from clock where round = 2) from s order by id => [[1,"a2","u",null],[2,"b","d","true"],[3,"c","r",null],[4,"d","c",null]]
-- @expect select id, v, _synced_at = (select _synced_at from clock where round = 2) from m where id in (1,4) order by id => [[1,"a2","true"],[4,"d","true"]]
-- @expect select id, _synced_at = (select _synced_at from clock where round = 2) from s where id in (1,2,4) order by id => [[1,"true"],[2,"true"],[4,"true"]]
insert into s values (2,'back'); update m set v='c3' where id=3; insert into clock values (3);
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.s id
-- @cmp public.f id
-- @expect select id, _synced_at = (select _synced_at from clock where round = 3) from m where id in (1,3) order by id => [[1,"false"],[3,"true"]]
-- @expect select id, v, _op, _deleted_at is null, _synced_at = (select _synced_at from clock where round = 3) from s where id = 2 => [[2,"back","c","true","true"]]
-- @expect select distinct _synced_at = (select _synced_at from clock where round = 3) from f => [["true"]]
-- @unenv SYNCED_AT SYNC_TABLE_N_SYNCED_AT
-- @once
-- @rc 0
-- @cmp public.m id
