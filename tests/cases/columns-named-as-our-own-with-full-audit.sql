-- @note columns called as whatever a statement of ours might call something, in every mode with full audit: none meets an alias of ours
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append
create table m(id int primary key, op text, began text, ended text, is_first text, rowid text, target text, latest text, changed text, deleted text, gone text, first text, versions text, at text, seq text, xid text, keys text,
  old text, new text, relid text, "nested" text, "row" text, "key" text, "value" text, source text, fresh text, sync text, "before" text, hash text, "count" text, instant text, as_of text, by_key text, found text, "temp" text, "main" text, lake text, t text, column0 text, filename text, file_row_number text, oid text, "excluded" text, "columns" text, "*" text, " " text, "a.b" text);
insert into m(id, op, rowid, target, first, "*", " ", "a.b") values (1,'o','5','t','f','s','b','d'),(2,'o2','1','t2','f2','s2','b2','d2'),(3,'o3','3','t3','f3','s3','b3','d3');
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
-- @setup --audit full --role reader
-- @once
-- @rc 0
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop
  execute format('update %1$I set op = ''p'', began = ''x'', is_first = ''n'', latest = ''y'' where id = 1; update %1$I set rowid = ''9'', ended = ''z'', at = ''never'' where id = 1; insert into %1$I(id, op, is_first) values (4,''c'',''true''); update %1$I set op = ''d'' where id = 4;
    delete from %1$I where id in (2,4)', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h id h_current
-- @expect select id, op, began, ended, rowid, "at", _op from h where id <> 3 order by id, _valid_from, _op desc => [[1,"o",null,null,"5",null,"r"],[1,"p","x",null,"5",null,"u"],[1,"p","x","z","9","never","u"],[2,"o2",null,null,"1",null,"r"],[2,"o2",null,null,"1",null,"d"],[4,"c",null,null,null,null,"c"],[4,"d",null,null,null,null,"u"],[4,"d",null,null,null,null,"d"]]
-- @expect select id, op, rowid, _op, _before->>'op', _before->>'rowid' from a where id <> 3 order by id, _seq => [[1,"o","5","r",null,null],[1,"p","5","u","o","5"],[1,"p","9","u","p","5"],[2,"o2","1","r",null,null],[2,null,null,"d","o2","1"],[4,"c",null,"c",null,null],[4,"d",null,"u","c",null],[4,null,null,"d","d",null]]
-- @expect select id, op, target, "*", " ", "a.b", _op, _deleted_at is null from s order by id => [[1,"p","t","s","b","d","u","true"],[2,"o2","t2","s2","b2","d2","d","false"],[3,"o3","t3","s3","b3","d3","r","true"],[4,"d",null,null,null,null,"d","false"]]
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('alter table %1$I add "OP2" int default 3; alter table %1$I rename op to "OP"; update %1$I set "OP" = ''q'' where id = 3', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h id h_current
-- @expect select "OP", "OP2", _op from h where id = 3 order by _valid_from => [["o3",null,"r"],["q",3,"u"]]
