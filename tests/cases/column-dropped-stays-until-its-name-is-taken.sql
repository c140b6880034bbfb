-- @note a dropped column keeps its name and its values; NULL from then on; a column that the role may no longer read is the same, and nothing is lost when it may again
create role plain login; grant usage on schema public to plain;
-- @env DATABASE_URL=postgres://plain@127.0.0.1:$PORT/$DB SYNC_TABLE_H_MODE=history SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_A_MODE=append
create table h(id int primary key, note text, pay int); insert into h values (1,'one',10),(2,'two',20);
create table s(like h including all); insert into s table h; create table a(like h including all); insert into a table h;
grant select on all tables in schema public to plain;
-- @once
-- @rc 0
delete from s where id=2; update h set note='changed' where id=1;
-- @sleep 1.2
-- @once
alter table h drop note; alter table s drop note; alter table a drop note;
revoke select on h, s, a from plain; grant select (id) on h, s, a to plain;
-- @once
-- @rc 0
-- @expect select id, note, pay, _op from h order by id, _valid_from => [[1,"one",10,"r"],[1,"changed",10,"u"],[2,"two",20,"r"]]
-- @expect select id, note, pay from s where _deleted_at is not null => [[2,"two",20]]
-- @expect select id, note, pay from a order by id => [[1,"one",10],[2,"two",20]]
-- @expect select lake_column, state, masked from _pg2duck.columns where source_table = 'h' order by attnum => [["id","current","false"],["note","dropped","false"],["pay","dropped","false"]]
insert into h values (3,30); insert into a values (3,30);
-- @once
-- @rc 0
-- @expect select id, note, pay from h where id = 3 => [[3,null,null]]
grant select on h, s, a to plain; update h set pay = 31 where id = 3;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select count(*) from h where id = 1 and note is not null and pay = 10 => [[2]]
-- @expect select id, note, pay from s where _deleted_at is not null => [[2,"two",20]]
-- @expect select id, pay from (from a qualify row_number() over (partition by id order by _seq desc) = 1) order by id => [[1,10],[2,20],[3,30]]
drop owned by plain; drop role plain;
