-- @note VACUUM FULL, resync and TRUNCATE after recorded changes: every version once, also when the copy comes again
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_S_MODE=soft_delete
create table h(id int primary key, v text); insert into h values (1,'a'),(2,'z'); create table a(like h including all); insert into a table h; create table s(like h including all); insert into s table h;
-- @setup --audit full --role reader
-- @once
do $$ declare t text; begin foreach t in array array['s','h','a'] loop execute format('update %1$I set v = ''b'' where id = 1; update %1$I set v = ''c'' where id = 1; insert into %1$I values (3,''x''); delete from %1$I where id = 3', t); end loop; end $$;
-- @note alone, as VACUUM must be
vacuum full h;
-- @resync public.h
-- @rc 0
-- @resync public.a
-- @rc 0
-- @resync public.s
-- @rc 0
-- @once
-- @resync public.h
-- @once
-- @rc 0
-- @expect select id, v, _op from h order by id, _valid_from, _op => [[1,"a","r"],[1,"b","u"],[1,"c","u"],[2,"z","r"],[3,"x","c"],[3,"x","d"]]
-- @expect select id, v, _op, _before->>'v' from a order by id, _seq => [[1,"a","r",null],[1,"b","u","a"],[1,"c","u","b"],[2,"z","r",null],[3,"x","c",null],[3,null,"d","x"]]
-- @expect select id, v, _op from s order by id => [[1,"c","r"],[2,"z","r"],[3,"x","d"]]
do $$ declare t text; begin foreach t in array array['s','h','a'] loop execute format('update %1$I set v = ''d'' where id = 1; truncate %1$I; insert into %1$I values (1,''again''),(4,''n''); update %1$I set v = ''n2'' where id = 4', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select id, v, _op from h where id <> 3 and (id, _op) <> (1,'d') order by id, _valid_from, _op desc => [[1,"a","r"],[1,"b","u"],[1,"c","u"],[1,"d","u"],[1,"again","c"],[2,"z","r"],[2,"z","d"],[4,"n","c"],[4,"n2","u"]]
-- @expect select id, v, _op from s order by id => [[1,"again","r"],[2,"z","d"],[3,"x","d"],[4,"n2","r"]]
-- @expect select id, v, _op from a where id in (2,4) order by id, _seq => [[2,"z","r"],[2,null,"d"],[4,"n","c"],[4,"n2","u"]]
