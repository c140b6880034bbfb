-- @note a column that is excluded later, or left out of COLUMNS, leaves no clear value: not in closed versions, deleted rows, _before, rejects, nor under the names it had before
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_F_MODE=full SYNC_TABLE_FA_MODE=full_append
create table m(id int primary key, ssn text, "Pay""x" numeric(12,2), v int); insert into m select i,'SSN-'||i, 777077707.25, 1 from generate_series(1,4) i; insert into m values (5,'SSN-5','NaN',1);
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
create table f(like m including all); insert into f table m; create table fa(like m including all); insert into fa table m;
-- @setup --audit full --role reader
-- @once
-- @expect select count(*) from _pg2duck.rejects where column_name = 'Pay"x' => [[6]]
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('update %1$I set ssn = ''SSN-new'' where id = 1; delete from %1$I where id = 2; alter table %1$I rename ssn to "S s n"; update %1$I set "S s n" = ''SSN-newer'' where id = 3', t); end loop; end $$;
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('alter table %1$I drop "S s n"; alter table %1$I add "S s n" text; update %1$I set "S s n" = ''SSN-again'', v = 2 where id = 1; delete from %1$I where id = 4', t); end loop; end $$;
-- @once
-- @rc 0
-- @expect select count(*) > 3 from h where to_json(h)::varchar like '%SSN%' => [["true"]]
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('update %1$I set "S s n" = ''SSN-unread'' where id = 3', t); end loop; end $$;
-- @env SYNC_TABLE_M_EXCLUDE='"S s n","Pay""x"' SYNC_TABLE_H_EXCLUDE='"S s n","Pay""x"' SYNC_TABLE_A_EXCLUDE='"S s n","Pay""x"' SYNC_TABLE_S_COLUMNS=id,v SYNC_TABLE_F_COLUMNS=id,v SYNC_TABLE_FA_EXCLUDE='ssn,"Pay""x"'
-- @once
-- @rc 0
-- @says Parquet
-- @expect select table_name, column_name from duckdb_columns() where table_name in ('m','s','h','h_current','a','f','fa') and (lower(column_name) like 's%s%n%' or column_name like 'Pay%') => []
-- @expect select (select count(*) from h where to_json(h)::varchar like '%SSN%' or to_json(h)::varchar like '%777077707%'), (select count(*) from a where to_json(a)::varchar like '%SSN%' or to_json(a)::varchar like '%777077707%') => [[0,0]]
-- @expect select (select count(*) from s where to_json(s)::varchar like '%SSN%'), (select count(*) from m where to_json(m)::varchar like '%SSN%'), (select count(*) from fa where to_json(fa)::varchar like '%SSN%') => [[0,0,0]]
-- @expect select count(*) from _pg2duck.rejects where column_name = 'Pay"x' or value like '%NaN%' => [[0]]
-- @expect select id, v, _op from h where id in (1,2,4) order by id, _valid_from, _op desc => [[1,1,"r"],[1,1,"u"],[1,2,"u"],[2,1,"r"],[2,1,"d"],[4,1,"r"],[4,1,"d"]]
-- @expect select id, v from s where _deleted_at is not null order by id => [[2,1],[4,1]]
-- @expect select count(*) from a where id in (1,2,4) and _before is not null => [[4]]
-- @expect select lake_column from _pg2duck.columns where source_table in ('h','a','s') and lake_column not in ('id','v') => []
-- @once
-- @rc 0
-- @expect select count(*) from h where to_json(h)::varchar like '%SSN%' => [[0]]
