-- @note the same values where triggers recorded every version, and in rows that a fresh copy reads again: nothing is lost, nothing is invented
-- @env SYNC_TABLE_A_MODE=append SYNC_TABLE_H_MODE=history
create type span as (i interval, f float8);
create table h(id int primary key, i interval, f float8, ii interval[], ff float4[], c span); insert into h values (1,'1 mon',0,'{1 mon}','{0}',row('1 mon',0)),(2,'1 day',1,'{24:00:00}',null,null);
create table a(like h including all); insert into a table h;
-- @setup --audit full --role reader
-- @once
update h set i='30 days' where id=1; update h set f='-0' where id=1; update h set ii='{30 days}' where id=1; update h set ff='{-0}' where id=1; update h set c=row('30 days','-0') where id=1;
update a set i='30 days' where id=1; update a set f='-0' where id=1; update a set ii='{30 days}' where id=1; update a set ff='{-0}' where id=1; update a set c=row('30 days','-0') where id=1;
-- @once
-- @rc 0
-- @expect select count(*) from h where id = 1 => [[6]]
-- @expect select count(*) from a where id = 1 => [[6]]
-- @expect select i::varchar, ii::varchar, c.i::varchar from h_current order by id => [["30 days","[30 days]","30 days"],["1 day","['24:00:00']",null]]
-- @expect select ii::varchar, c.i::varchar from h where id = 1 order by _valid_from => [["[1 month]","1 month"],["[1 month]","1 month"],["[1 month]","1 month"],["[30 days]","1 month"],["[30 days]","1 month"],["[30 days]","30 days"]]
-- @resync public.h
-- @resync public.a
-- @once
-- @rc 0
-- @expect select (select count(*) from h), (select count(*) from a) => [[7,7]]
