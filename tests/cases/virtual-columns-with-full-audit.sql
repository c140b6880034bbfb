-- @pg 18
-- @note triggers are not given the values of virtual generated columns: versions are those that polls see, in every mode; without the column they are all there
create table items(id int primary key, price int, gross int generated always as (price*2) virtual); insert into items(id,price) values (1,10),(2,20),(3,30);
create table h(like items including all); insert into h(id,price) values (1,10),(2,20),(3,30);
create table "A p"(like items including all); insert into "A p"(id,price) values (1,10),(2,20),(3,30);
create table sd(like items including all); insert into sd(id,price) values (1,10),(2,20),(3,30);
create table parts(id int, price int, gross int generated always as (price*2), primary key(id)) partition by range(id); create table parts_1 partition of parts for values from (0) to (100); insert into parts(id,price) values (1,10),(2,20),(3,30);
create table plain(id int primary key, price int, gross int generated always as (price*2) stored); insert into plain(id,price) values (1,10);
create table without(like items including all); insert into without(id,price) values (1,10);
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_SD_MODE=soft_delete SYNC_TABLE_PARTS_MODE=history SYNC_TABLE_PLAIN_MODE=history SYNC_TABLE_WITHOUT_MODE=history SYNC_TABLE_WITHOUT_EXCLUDE=gross SYNC_TABLE_A_P_MODE=append
-- @setup --audit full --role reader
-- @rc 0
-- @says virtual
-- @check
-- @says virtual generated column "gross"
-- @once
-- @rc 0
update items set price=11 where id=1; update h set price=11 where id=1; update "A p" set price=11 where id=1; update sd set price=11 where id=1; update parts set price=11 where id=1;
update h set price=12 where id=1; update "A p" set price=12 where id=1; update plain set price=11; update plain set price=12; update without set price=11; update without set price=12;
insert into items(id,price) values (4,40); insert into h(id,price) values (4,40); insert into "A p"(id,price) values (4,40); insert into sd(id,price) values (4,40); insert into parts(id,price) values (4,40);
-- @plan
-- @says virtual generated column "gross"
-- @once
-- @rc 0
delete from items where id=2; delete from h where id=2; delete from "A p" where id=2; update sd set price=21 where id=2;
-- @once
delete from sd where id in (1,2); delete from parts where id=2; update h set id=5 where id=3; update "A p" set id=5 where id=3;
-- @once
-- @rc 0
-- @cmp public.items id
-- @expect select id, price, gross, _op from h where _is_current order by id => [[1,12,24,"u"],[4,40,80,"c"],[5,30,60,"c"]]
-- @expect select count(*), count(gross), count(*) filter (gross <> price * 2) from h => [[8,8,0]]
-- @expect select id, price, gross, _op, _before from "A p" order by _seq => [[1,10,20,"r",null],[2,20,40,"r",null],[3,30,60,"r",null],[1,12,24,"u",null],[4,40,80,"c",null],[2,null,null,"d",null],[3,null,null,"d",null],[5,30,60,"c",null]]
-- @expect select id, price, gross, _op from sd order by id => [[1,11,22,"d"],[2,21,42,"d"],[3,30,60,"r"],[4,40,80,"c"]]
-- @expect select id, price, gross, _op from parts where _is_current order by id => [[1,11,22,"u"],[3,30,60,"r"],[4,40,80,"c"]]
-- @expect select price, gross from plain order by _valid_from => [[10,20],[11,22],[12,24]]
-- @expect select price from without order by _valid_from => [[10],[11],[12]]
-- @env AUDIT=full
update h set price=13 where id=1;
-- @once
-- @rc 1
-- @says virtual generated column "gross"; change that, or unset AUDIT
