-- @note keys that are due to be compared are, also in a cycle in which columns or the key itself are renamed
-- @env SYNC_TABLE_H_MODE=history DIFF_INTERVAL=0s
create table t(id int primary key, a text); insert into t values (1,'a'),(2,'b'),(3,'c'); create table h(like t including all); insert into h table t;
-- @once
delete from t where id = 2; alter table t rename a to b; delete from h where id = 2; alter table h rename id to key;
-- @once
-- @rc 0
-- @cmp public.t id
-- @cmp public.h key h_current
