-- @note with full audit, triggers that know the key by its old name: no version is lost before setup is run again, nor after, on `run`
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append
create table s(id int primary key, v text); insert into s values (1,'a'),(2,'b'),(3,'c');
create table h(like s including all); insert into h table s; create table a(like s including all); insert into a table s;
-- @setup --audit full --role reader
-- @run start
do $$ declare t text; begin foreach t in array array['s','h','a'] loop
  execute format('update %1$I set v = ''a2'' where id = 1; alter table %1$I rename id to "Key"; update %1$I set v = ''a3'' where "Key" = 1; delete from %1$I where "Key" = 2', t); end loop; end $$;
-- @sleep 4
-- @setup --audit full --role reader
-- @rc 0
do $$ declare t text; begin foreach t in array array['s','h','a'] loop execute format('update %1$I set v = ''a4'' where "Key" = 1; update %1$I set v = ''a5'' where "Key" = 1; delete from %1$I where "Key" = 3', t); end loop; end $$;
-- @sleep 4
-- @run stop
-- @cmp public.h Key h_current
-- @expect select v from h where "Key" = 1 order by _valid_from => [["a"],["a2"],["a3"],["a4"],["a5"]]
-- @expect select v, _op from h where "Key" > 1 order by "Key", _valid_from, _op desc => [["b","r"],["b","d"],["c","r"],["c","d"]]
-- @expect select "Key", v, _deleted_at is null from s order by 1 => [[1,"a5","true"],[2,"b","false"],[3,"c","false"]]
-- @expect select v from a where "Key" = 1 order by _seq => [["a"],["a2"],["a3"],["a4"],["a5"]]
-- @expect select "Key", count(*) filter (_op = 'd') from a group by 1 order by 1 => [[1,0],[2,1],[3,1]]
-- @expect select column_name from duckdb_columns() where table_name in ('s','h','a') and column_name = 'id' => []
