-- @note note, Note and NOTE are one name to DuckDB: renamed, and dropped and added again, by case only
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_S_MODE=soft_delete
create table m(id int primary key, note text); insert into m values (1,'keep me'),(2,'and me');
create table h(like m including all); insert into h table m; create table s(like m including all); insert into s table m;
-- @once
delete from s where id=2; delete from h where id=2;
-- @sleep 1.2
-- @once
alter table m rename note to "Note"; alter table h rename note to "Note"; alter table s rename note to "Note"; alter table h rename id to "ID";
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h ID h_current
-- @expect select table_name, column_name from duckdb_columns() where lower(column_name) = 'note' and table_name in ('m','h','s') order by 1 => [["h","Note"],["m","Note"],["s","Note"]]
-- @expect select "ID", "Note", _op from h order by 1, _valid_from, _op desc => [[1,"keep me","r"],[2,"and me","r"],[2,"and me","d"]]
alter table m drop "Note", add "NOTE" text; alter table h drop "Note", add "NOTE" text; alter table s drop "Note", add "NOTE" text;
update m set "NOTE"='new'; update h set "NOTE"='new'; update s set "NOTE"='new';
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h ID h_current
-- @expect select "ID", "Note__2", "NOTE", _op from h order by 1, _valid_from, _op desc => [[1,"keep me",null,"r"],[1,null,"new","u"],[2,"and me",null,"r"],[2,"and me",null,"d"]]
-- @expect select id, "Note__2", "NOTE" from s where _deleted_at is not null => [[2,"and me",null]]
-- @expect select column_name from duckdb_columns() where lower(column_name) like 'note%' and table_name = 'h' order by 1 => [["NOTE"],["Note__2"]]
