-- @note a newcomer whose lake name is taken fails alone, in once and in run: "Orders" beside orders, main.orders, a table called as a history's view
-- @env SYNC_TABLES=*.* SYNC_MODE=history
create table orders(id int primary key, v text); insert into orders values (1,'a');
-- @once
-- @rc 0
create table "Orders"(id int primary key, w int); insert into "Orders" values (1,1); create schema main; create table main.orders(id int primary key); create table orders_current(id int primary key, v text);
update orders set v='b';
-- @once
-- @rc 1
-- @says Orders
-- @says main.orders
-- @cmp public.orders id orders_current
-- @run start
update orders set v='c'; insert into orders values (2,'n');
-- @sleep 4
-- @run stop
-- @cmp public.orders id main.orders_current
-- @expect select id, v, _op from orders order by id, _valid_from => [[1,"a","r"],[1,"b","u"],[1,"c","u"],[2,"n","c"]]
drop table "Orders"; drop table orders_current; alter table main.orders rename to others; update orders set v='d' where id=1;
-- @once
-- @rc 0
-- @cmp public.orders id main.orders_current
-- @cmp main.others id main.others_current
