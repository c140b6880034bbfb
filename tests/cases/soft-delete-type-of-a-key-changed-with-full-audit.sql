-- @note rows that triggers recorded before a key column had another type have their key in the column of before: the table was stuck with "key (id) is NULL in some row"
-- @env SYNC_MODE=soft_delete
do $$ declare kind text[]; begin
  foreach kind slice 1 in array array[['ti','text'],['it','int'],['ij','int'],['ib','int'],['tu','varchar(40)'],['dt','date'],['bt','bytea'],['nt','numeric(6,1)']] loop
    execute format('create table %s(id %s primary key, v text); insert into %1$s select %3$s, ''a'' from generate_series(1,5) g', kind[1], kind[2],
      case kind[1] when 'tu' then 'lpad(g::text, 32, ''0'')' when 'dt' then '''2024-01-01''::date + g' when 'bt' then 'g::text::bytea' else 'g' end);
  end loop; end $$;
create table comp(tenant text, id int, v text, primary key(tenant, id)); insert into comp select '1', g, 'a' from generate_series(1,5) g;
-- @setup --audit full --role reader
-- @once
-- @rc 0
do $$ declare t text; begin foreach t in array array['ti','it','ij','ib','comp','tu','dt','bt','nt'] loop execute format('update %1$I set v = ''b''; delete from %1$I where id in (select id from %1$I order by id desc limit 1)', t); end loop; end $$;
alter table ti alter id type int using id::int; alter table it alter id type text; alter table ij alter id type jsonb using to_jsonb(id); alter table ib alter id type bigint; alter table tu alter id type uuid using id::uuid; alter table dt alter id type timestamptz; alter table bt alter id type text using encode(id, 'hex'); alter table nt alter id type numeric(8,3); alter table comp alter tenant type int using tenant::int, alter id type text;
do $$ declare t text; begin foreach t in array array['ti','it','ij','ib','comp','tu','dt','bt','nt'] loop execute format('update %1$I set v = ''c''; delete from %1$I where id in (select id from %1$I order by id limit 1)', t); end loop; end $$;
-- @once
-- @rc 0
-- @expect select id, id__1, v, _op, _deleted_at is null from ti order by coalesce(id::varchar, id__1) => [[1,null,"c","d",false],[2,null,"c","r",true],[3,null,"c","r",true],[4,null,"c","r",true],[null,"5","b","d",false]]
-- @expect select id, v, _op, _deleted_at is null from it order by v, 1 => [[5,"b","d",false],[1,"c","d",false],[2,"c","r",true],[3,"c","r",true],[4,"c","r",true]]
-- @expect select id, v, _op, _deleted_at is null from ij order by v, 1 => [[5,"b","d",false],[1,"c","d",false],[2,"c","r",true],[3,"c","r",true],[4,"c","r",true]]
-- @expect select id, v, _op, _deleted_at is null from ib order by v, 1 => [[5,"b","d",false],[1,"c","d",false],[2,"c","r",true],[3,"c","r",true],[4,"c","r",true]]
-- @expect select tenant, id, v, _op, _deleted_at is null from comp order by v, id => [[null,5,"b","d",false],[1,1,"c","d",false],[1,2,"c","r",true],[1,3,"c","r",true],[1,4,"c","r",true]]
-- @expect select v, _op, count(*) from tu group by all order by v, _op => [["b","d",1],["c","d",1],["c","r",3]]
-- @expect select v, _op, count(*) from dt group by all order by v, _op => [["b","d",1],["c","d",1],["c","r",3]]
-- @expect select v, _op, count(*) from bt group by all order by v, _op => [["b","d",1],["c","d",1],["c","r",3]]
-- @expect select v, _op, count(*) from nt group by all order by v, _op => [["b","d",1],["c","d",1],["c","r",3]]
do $$ declare t text; begin foreach t in array array['ti','it','ij','ib','comp','tu','dt','bt','nt'] loop execute format('update %1$I set v = ''d''; delete from %1$I where id in (select id from %1$I order by id::text limit 1)', t); end loop; end $$;
insert into ti values (5, 'again');
-- @once
-- @rc 0
-- @expect select id, id__1, v, _op, _deleted_at is null from ti order by coalesce(id::varchar, id__1), v => [[1,null,"c","d",false],[2,null,"d","d",false],[3,null,"d","u",true],[4,null,"d","u",true],[5,null,"again","c",true],[null,"5","b","d",false]]
-- @expect select id, v, _op, _deleted_at is null from it order by v, 1 => [[5,"b","d",false],[1,"c","d",false],[2,"d","d",false],[3,"d","u",true],[4,"d","u",true]]
-- @expect select tenant, id, v, _op, _deleted_at is null from comp order by v, id => [[null,5,"b","d",false],[1,1,"c","d",false],[1,2,"d","d",false],[1,3,"d","u",true],[1,4,"d","u",true]]
-- @resync ti
-- @rc 0
-- @expect select count(*) from ti => [[6]]
