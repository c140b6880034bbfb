-- @note columns that change their names in a circle, of a declared key too, keep their values in every mode
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_S_MODE=soft_delete
create table m("A b" int, b int, c text, primary key (b)); insert into m select g, g + 100, 'c' || g from generate_series(1, 9) g;
create table h(like m including all); insert into h select * from m;
create table a(like m including all); insert into a select * from m;
create table s(like m including all); insert into s select * from m;
-- @once
update h set c = 'later' where b = 101; delete from s where b = 109; delete from h where b = 109;
-- @sleep 1.2
-- @once
alter table m rename b to x; alter table m rename "A b" to b; alter table m rename x to "A b";
alter table h rename b to x; alter table h rename "A b" to b; alter table h rename x to "A b";
alter table a rename b to x; alter table a rename "A b" to b; alter table a rename x to "A b";
alter table s rename b to x; alter table s rename "A b" to b; alter table s rename x to "A b";
-- @once
-- @rc 0
-- @cmp public.m "A b"
-- @cmp public.h "A b" h_current
-- @expect select count(*), count(*) filter (_op = 'r') from h where "A b" = b + 100 => [[11, 9]]
-- @expect select count(*) from s where "A b" = b + 100 and (_deleted_at is null) = (b < 9) => [[9]]
-- @expect select count(*) from a where "A b" = b + 100 => [[9]]
-- @expect select lake_column, array_to_string(source_columns, '|'), key_position, state from _pg2duck.columns where source_table = 'm' order by attnum => [["b", "A b|b", null, "current"], ["A b", "b|A b", 0, "current"], ["c", "c", null, "current"]]
