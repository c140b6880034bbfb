-- @note versions that were written under two former names of a column, one of which no poll ever saw, land in that column
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_S_MODE=soft_delete
create table h(id int primary key, one text, v int); insert into h values (1,'a',1),(2,'z',2); create table a(like h including all); insert into a table h; create table s(like h including all); insert into s table h;
-- @setup --audit full --role reader
-- @once
do $$ declare t text; begin foreach t in array array['s','h','a'] loop
  execute format('update %1$I set one = ''b'' where id = 1; alter table %1$I rename one to "T w""o"; update %1$I set "T w""o" = ''c'' where id = 1; insert into %1$I values (3,''x'',3); delete from %1$I where id = 3;
    alter table %1$I rename "T w""o" to three; update %1$I set three = ''d'' where id = 1', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select id, three, v, _op from h order by id, _valid_from, _op => [[1,"a",1,"r"],[1,"b",1,"u"],[1,"c",1,"u"],[1,"d",1,"u"],[2,"z",2,"r"],[3,"x",3,"c"],[3,"x",3,"d"]]
-- @expect select id, three, v, _op from a order by id, _seq => [[1,"a",1,"r"],[1,"b",1,"u"],[1,"c",1,"u"],[1,"d",1,"u"],[2,"z",2,"r"],[3,"x",3,"c"],[3,null,null,"d"]]
-- @expect select id, three, v, _op from s order by id => [[1,"d",1,"u"],[2,"z",2,"r"],[3,"x",3,"d"]]
-- @expect select column_name from duckdb_columns() where table_name = 'h' and schema_name = 'main' and column_name not like '\_%' escape '\' order by column_index => [["id"],["three"],["v"]]
