-- @note tables called as the relations of our statements, in every mode with full audit
-- @env SYNC_MODE=history SYNC_TABLE_LATEST_MODE=append SYNC_TABLE_CHANGED_MODE=append SYNC_TABLE_GONE_MODE=soft_delete SYNC_TABLE_SYNC_MODE=mirror
create table target(id int primary key, target text, v text); insert into target values (1,'t','a'),(2,'t','b');
create table latest(like target including all); insert into latest table target; create table changed(like target including all); insert into changed table target; create table gone(like target including all); insert into gone table target;
create table sync(like target including all); insert into sync table target; create table versions(like target including all); insert into versions table target; create table pg2duck_versions(like target including all); insert into pg2duck_versions table target;
create table columns(like target including all); insert into columns table target; create table "first"(like target including all); insert into "first" table target;
-- @setup --audit full --role reader
-- @once
-- @rc 0
do $$ declare t text; begin foreach t in array array['target','latest','changed','gone','sync','versions','pg2duck_versions','columns','first'] loop
  execute format('update %1$I set v = ''b2'' where id = 2; update %1$I set v = ''b3'' where id = 2; insert into %1$I values (3,''t'',''x''); delete from %1$I where id in (1,3)', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.sync id
-- @cmp public.target id target_current
-- @cmp public.versions id versions_current
-- @cmp public.pg2duck_versions id pg2duck_versions_current
-- @cmp public.columns id columns_current
-- @expect select id, v, _op from "first" order by id, _valid_from, _op => [[1,"a","r"],[1,"a","d"],[2,"b","r"],[2,"b2","u"],[2,"b3","u"],[3,"x","c"],[3,"x","d"]]
-- @expect select id, v, _op from latest order by id, _seq => [[1,"a","r"],[1,null,"d"],[2,"b","r"],[2,"b2","u"],[2,"b3","u"],[3,"x","c"],[3,null,"d"]]
-- @expect select id, v, _op from changed order by id, _seq => [[1,"a","r"],[1,null,"d"],[2,"b","r"],[2,"b2","u"],[2,"b3","u"],[3,"x","c"],[3,null,"d"]]
-- @expect select id, v, _op from gone order by id => [[1,"a","d"],[2,"b3","u"],[3,"x","d"]]
