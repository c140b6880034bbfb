-- @note orders becomes "Orders", and another orders is made at once: the one that the lake knows goes on, the newcomer fails alone
-- @env SYNC_MODE=history
create table orders(id int primary key, v text); insert into orders values (1,'a'),(2,'b');
-- @once
update orders set v='a2' where id=1;
-- @once
alter table orders rename to "Orders"; create table orders(id int primary key, z int); update "Orders" set v='a3' where id=1;
-- @once
-- @rc 1
-- @cmp public."Orders" id "Orders_current"
update "Orders" set v='a4' where id=1;
-- @once
-- @rc 1
-- @cmp public."Orders" id "Orders_current"
-- @expect select v, _op from "Orders" where id = 1 order by _valid_from => [["a","r"],["a2","u"],["a3","u"],["a4","u"]]
drop table orders;
-- @once
-- @rc 0
-- @cmp public."Orders" id "Orders_current"
