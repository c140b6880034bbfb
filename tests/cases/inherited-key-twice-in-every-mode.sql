-- @note a child's row with the key of a parent's is refused, whatever finds changes, as long as it is there; before and afterwards the lake is right
create table m(id int primary key, v text); create table m_child(extra text, primary key(id)) inherits (m);
create table f(id int primary key, v text); create table f_child(primary key(id)) inherits (f);
create table h(id int primary key, v text); create table h_child(primary key(id)) inherits (h);
create table a(id int primary key, v text); create table a_child() inherits (a);
create table s(id int primary key, v text, updated_at timestamptz not null default now()); create index on s(updated_at); create table s_child(primary key(id)) inherits (s);
create table plain(id int primary key);
insert into m values (1,'p'),(2,'p'); insert into m_child values (3,'c','x'); insert into f values (1,'p'),(2,'p'); insert into f_child values (3,'c');
insert into h values (1,'p'),(2,'p'); insert into h_child values (3,'c'); insert into a values (1,'p'),(2,'p'); insert into a_child values (3,'c'); insert into s values (1,'p'),(2,'p'); insert into s_child values (3,'c');
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_F_MODE=history SYNC_TABLES=public.m,public.f,public.h,public.a,public.s,public.plain
-- @setup --audit full --tables public.f,public.a --role reader
-- @once
-- @rc 0
-- @check
-- @says public.f: versions are those that polls see
-- @note a key that stands twice for a moment only
insert into f_child values (1,'dup'); insert into a_child values (1,'dup');
delete from f_child where id=1; delete from a_child where id=1;
-- @once
-- @rc 0
-- @expect select (select string_agg(v,',') from f where id=1 and _is_current), (select string_agg(v,',') from a where id=1) => [["p","p"]]
insert into m_child values (1,'dup','x'); insert into f_child values (1,'dup'); insert into h_child values (1,'dup'); insert into a_child values (1,'dup'); insert into s_child values (1,'dup'); insert into plain values (1);
-- @once
-- @rc 1
-- @says key (id) is not unique in public.m
-- @says key (id) is not unique in public.f
-- @says key (id) is not unique in public.h
-- @says key (id) is not unique in public.a
-- @says key (id) is not unique in public.s
-- @cmp public.plain id
-- @expect select (select v from m where id=1), (select string_agg(v,',') from f where id=1), (select string_agg(v,',') from h where id=1), (select string_agg(v,',') from a where id=1), (select v from s where id=1) => [["p","p","p","p","p"]]
update m_child set v='dup2' where id=1; update only f set v='p2' where id=1; update a_child set v='dup2' where id=1;
-- @once
-- @rc 1
-- @expect select (select v from m where id=1), (select string_agg(v,',') from f where id=1), (select string_agg(v,',') from a where id=1) => [["p","p","p"]]
delete from m_child where id=1; delete from f_child where id=1; delete from h_child where id=1; delete from a_child where id=1; delete from s_child where id=1;
insert into m_child values (4,'c','x'); insert into f_child values (4,'c'); insert into h_child values (4,'c'); insert into a_child values (4,'c'); insert into s_child values (4,'c');
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp public.m id
-- @expect select id, v from f where _is_current order by id => [[1,"p2"],[2,"p"],[3,"c"],[4,"c"]]
-- @expect select id, v from h where _is_current order by id => [[1,"p"],[2,"p"],[3,"c"],[4,"c"]]
-- @expect select id, v from s where _deleted_at is null order by id => [[1,"p"],[2,"p"],[3,"c"],[4,"c"]]
-- @expect select id, v from (from a qualify row_number() over (partition by id order by _seq desc) = 1) where _op <> 'd' order by id => [[1,"p"],[2,"p"],[3,"c"],[4,"c"]]
-- @note moved from parent to child and back in one statement: never twice
with gone as (delete from only m where id=2 returning *) insert into m_child select *, 'x' from gone; with gone as (delete from only f where id=2 returning *) insert into f_child select * from gone;
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp public.m id
-- @expect select id, v from f where _is_current order by id => [[1,"p2"],[2,"p"],[3,"c"],[4,"c"]]
-- @note a parent's row moves onto a child's key
update only m set id=3 where id=1; update only f set id=3 where id=1;
-- @once
-- @rc 1
-- @says key (id) is not unique in public.f
-- @note a child that joins with a key of its parent
alter table m_child no inherit m; create table late(id int primary key, v text); insert into late values (3,'late');
-- @once
alter table late inherit m;
-- @once
-- @rc 1
-- @says key (id) is not unique in public.m
