-- @note equal to one database or the other and printed differently is a change: alone, in arrays and in composites; what prints the same is none
-- @env SYNC_TABLE_A_MODE=append SYNC_TABLE_H_MODE=history NUMERIC=text
create type span as (i interval, f float8, l interval[]);
create table h(id int primary key, i interval, f float8, r float4, ii interval[], ff float8[], rr float4[], c span, cc span[], n numeric, j json, t text, tt text[], b bytea, z timetz);
insert into h(id,i) values (1,'1 mon'),(2,'1 day'),(3,'1 year'); insert into h(id,f) values (4,0); insert into h(id,r) values (5,0); insert into h(id,ii) values (6,'{1 mon,NULL}'); insert into h(id,ff) values (7,'{0,1}');
insert into h(id,rr) values (8,'{0}'); insert into h(id,c) values (9,row('1 mon',1,null)),(10,row(null,0,null)),(11,row(null,null,'{24:00:00}')); insert into h(id,cc) values (12,array[row('1 mon',1,null)::span]);
insert into h(id,n) values (13,1.0); insert into h(id,j) values (14,'{"a":1}'); insert into h(id,t) values (15,''),(16,'a'); insert into h(id,tt) values (17,'{NULL}'),(18,'{""}'); insert into h(id,b) values (19,''); insert into h(id,z) values (20,'12:00+02'),(21,'12:00+02');
create table a(like h including all); insert into a table h;
-- @once
-- @rc 0
do $$ declare t text; begin foreach t in array array['h','a'] loop execute format('update %1$I set i = case id when 1 then interval ''30 days'' when 2 then ''24:00:00'' when 3 then ''360 days'' end where id <= 3;
  update %1$I set f = ''-0'' where id = 4; update %1$I set r = ''-0'' where id = 5; update %1$I set ii = ''{30 days,NULL}'' where id = 6; update %1$I set ff = ''{-0,1}'' where id = 7; update %1$I set rr = ''{-0}'' where id = 8;
  update %1$I set c = row(''30 days'',1,null) where id = 9; update %1$I set c = row(null,''-0'',null) where id = 10; update %1$I set c = row(null,null,''{1 day}'') where id = 11; update %1$I set cc = array[row(''30 days'',1,null)::span] where id = 12;
  update %1$I set n = 1.00 where id = 13; update %1$I set j = ''{"a": 1}'' where id = 14; update %1$I set t = null where id = 15; update %1$I set t = ''A'' where id = 16; update %1$I set tt = ''{}'' where id = 17; update %1$I set tt = ''{NULL}'' where id = 18;
  update %1$I set b = null where id = 19; update %1$I set z = ''11:00+01'' where id = 20; update %1$I set z = z where id = 21', t); end loop; end $$;
-- @once
-- @rc 0
-- @expect select string_agg(id, ',' order by id) from (select id from h group by id having count(*) <> 2) => [["21"]]
-- @expect select string_agg(id, ',' order by id) from (select id from a group by id having count(*) <> 2) => [["21"]]
-- @expect select i::varchar from h_current where id <= 3 order by id => [["30 days"],["24:00:00"],["360 days"]]
-- @expect select f::varchar, null from h_current where id = 4 union all select r::varchar, null from h_current where id = 5 => [["-0.0",null],["-0.0",null]]
-- @expect select ff::varchar, rr::varchar from h_current where id in (7,8) order by id => [["[-0.0, 1.0]",null],[null,"[-0.0]"]]
-- @expect select c.f::varchar, c.l::varchar from h_current where id in (10,11) order by id => [["-0.0",null],[null,"[1 day]"]]
-- @expect select n, j::varchar, tt::varchar from h_current where id in (13,14,18) order by id => [["1.00",null,null],[null,"{\"a\": 1}",null],[null,null,"[NULL]"]]
update h set id = id; update a set id = id;
-- @once
-- @expect select (select count(*) from h), (select count(*) from a) => [[41,41]]
