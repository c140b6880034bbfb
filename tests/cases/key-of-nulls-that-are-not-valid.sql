-- @pg 18
-- @note NOT NULL ... NOT VALID allows the NULLs that are there: such columns are no key, and a cursor column has NULLs
create table k(id int unique, v text); insert into k values (1,'a'),(null,'b'),(null,'c'); alter table k add constraint c not null id not valid;
create table better(id int unique, code int not null unique, v text); insert into better values (null,1,'a'),(null,2,'b'); alter table better add constraint c not null id not valid;
create table cur(id int primary key, v text, updated_at timestamptz); create index on cur(updated_at); insert into cur values (1,'a',null),(2,'b',now()); alter table cur add constraint c not null updated_at not valid;
create table parts(id int, v text) partition by range(id); create table p1 partition of parts default; insert into parts values (null,'a'),(null,'b'); create unique index on parts(id); alter table parts add constraint c not null id not valid;
create table fine(id int unique, v text); insert into fine values (1,'a'); alter table fine add constraint c not null id not valid; alter table fine validate constraint c;
-- @env SYNC_MODE=history
-- @check
-- @says public.k
-- @once
-- @rc 1
-- @says public.k has no primary key and no unique index on NOT NULL columns
-- @says public.parts has no primary key and no unique index on NOT NULL columns
-- @setup --role reader
-- @rc 0
update cur set v='b2', updated_at=now() where id=2; insert into better(id,code,v) values (3,3,'c');
-- @once
-- @expect select code, v from better where _is_current order by code => [[1,"a"],[2,"b"],[3,"c"]]
-- @expect select id, v from cur where _is_current order by id => [[1,"a"],[2,"b2"]]
-- @expect select id, v from fine => [[1,"a"]]
delete from k where id is null; 
-- @once
-- @rc 1
alter table k validate constraint c;
-- @once
-- @says public.parts has no primary key
-- @expect select id, v from k => [[1,"a"]]
